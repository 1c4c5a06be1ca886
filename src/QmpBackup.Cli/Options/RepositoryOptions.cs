using System.CommandLine;
using QmpBackup.Cli.Errors;
using QmpBackup.Cli.Rendering;
using QmpBackup.Cli.Running;
using QmpBackup.Cli.Settings;

namespace QmpBackup.Cli.Options;

/// <summary>Which repository, and what in it.</summary>
internal static class RepositoryOptions
{
    private const string Variable = "QBACKUP_REPO";

    public static readonly Option<string?> Repo = new("--repo")
    {
        Description = $"The repository's folder (env {Variable}).",
        HelpName = "DIR"
    };

    public static readonly Option<string?> Vm = new("--vm")
    {
        Description = "The VM's name in the repository; default its name in QEMU, else its UUID.",
        HelpName = "NAME",
    };

    public static readonly Option<string?> HeldVm = new("--vm")
    {
        Description = "The VM's name in the repository; needed only if it holds several.",
        HelpName = "NAME",
    };

    public static readonly Option<string?> Point = new("--point") { Description = "A point's id, or latest.", HelpName = "ID|latest" };

    public static readonly Option<string?> Disk = new("--disk") { Description = "One disk; default all.", HelpName = "NAME" };

    public static readonly Option<bool> Trust = TypedOption.Flag("--trust-repository",
        "Use a repository or target in folders that other users can write.");

    /// <summary>For commands that read a repository: which, and which of its chains.</summary>
    public static void AddTo(Command command)
    {
        foreach (var option in (Option[])[Repo, HeldVm, StartOptions.Chain])
            command.Options.Add(option);
    }

    /// <exception cref="UsageException">No repository is named.</exception>
    public static BackupRepository Open(CommandContext context, bool create = false)
    {
        if ((context.Arguments.GetValue(Repo) ?? context.Environment(Variable)) is { Length: > 0 } path)
            return BackupRepository.Open(path, create, context.Arguments.GetValue(Trust));
        throw new UsageException("No repository is named.", $"Name its folder with --repo, or in the environment variable {Variable}.");
    }

    /// <summary>
    /// The chains that are meant: all of the repository, unless some are named. None where it is a folder that is still empty.
    /// </summary>
    /// <exception cref="BackupException">The folder is no repository, or holds nothing of what was named.</exception>
    public static List<RepositoryChain> Chains(CommandContext context)
    {
        var repository = Open(context);
        var (vm, chain) = (context.Arguments.GetValue(HeldVm), context.Arguments.GetValue(StartOptions.Chain));
        var all = repository.GetChains();
        if (all.IsEmpty)
        {
            return repository.IsEmpty() ? []
                : throw new BackupException(BackupErrorCode.Storage,
                $"{repository.Path} is not a repository: there is no backup in it, but other things are.",
                    "Name the right folder with --repo; 'qbackup run' makes a repository of a new or an empty one.");
        }

        List<RepositoryChain> meant =
            [.. all.Where(c => (vm is null || c.Vm == vm || c.Folder == repository.GetChain(vm, c.Chain).Folder)
                && (chain is null || c.Chain == chain))];
        return meant.Count > 0 ? meant : throw Nothing();
    }

    /// <summary>The one chain that is meant.</summary>
    /// <exception cref="UsageException">It is not clear which.</exception>
    public static RepositoryChain OneChain(CommandContext context)
    {
        var chains = Chains(context);
        if (chains.Count > 1 && context.Arguments.GetValue(StartOptions.Chain) is null
            && chains.Where(c => c.Chain == ChainName.Default).ToList() is [var usual])
        {
            return usual;
        }

        return chains switch
        {
            [var only] => only,
            [] => throw new BackupException(BackupErrorCode.InvalidArgument,
                PointText.EmptyRepository, "'qbackup run' takes the first backup."),
            _ => throw new UsageException("The repository holds several VMs or chains.",
                $"Name one with --vm and --chain: {string.Join(", ", chains.Select(c => $"{c.Vm} ({c.Chain})"))}."),
        };
    }

    private static BackupException Nothing() =>
        new(BackupErrorCode.InvalidArgument, "The repository holds nothing of that name.",
            "'qbackup list' without --vm and --chain shows what there is.");
}
