using System.CommandLine;
using QmpBackup.Cli.Errors;
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

    /// <summary>The VM in the repository, and its chain, where they are named.</summary>
    public static (string? Vm, ChainName? Chain) Names(CommandContext context) =>
        (context.Arguments.GetValue(HeldVm), context.Arguments.GetValue(StartOptions.Chain));
}
