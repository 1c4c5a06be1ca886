using System.CommandLine;
using QmpBackup.Cli.Running;
using QmpBackup.Naming;
using QmpBackup.Repositories;

namespace QmpBackup.Cli.Options;

/// <summary>Which repository, and what in it.</summary>
internal static class RepositoryOptions
{
    private const string Variable = "QBACKUP_REPO";

    public static readonly Option<string?> Repo = new("--repo") { Description = $"The repository's folder (env {Variable}).", HelpName = "DIR" };

    public static readonly Option<string?> Vm = new("--vm")
    {
        Description = "The VM's name in the repository; default its name in QEMU, else its UUID.",
        HelpName = "NAME",
    };

    public static readonly Option<string?> HeldVm = new("--vm")
    {
        Description = "The VM's name in the repository; needed only where there are several.",
        HelpName = "NAME",
    };

    public static readonly Option<string?> Point = new("--point") { Description = "A point's id, or latest.", HelpName = "ID|latest" };

    public static readonly Option<string?> Disk = new("--disk") { Description = "One disk; default all.", HelpName = "NAME" };

    /// <exception cref="UsageException">No repository was named.</exception>
    public static Repository Open(CommandContext context, bool create = false) =>
        (context.Arguments.GetValue(Repo) ?? context.Environment(Variable)) is { Length: > 0 } path ? Repository.Open(path, create)
            : throw new UsageException("No repository was named.", $"Name its folder with --repo, or in the environment variable {Variable}.");

    /// <summary>The chains that are meant: all of the repository, unless some are named.</summary>
    public static List<RepositoryChain> Chains(CommandContext context)
    {
        var repository = Open(context);
        var (vm, chain) = (context.Arguments.GetValue(HeldVm), context.Arguments.GetValue(StartOptions.Chain));
        if (vm is not null && chain is not null) return [repository.GetChain(vm, chain)];
        return [.. repository.GetChains().Where(c => (vm is null || c.Vm == vm) && (chain is null || c.Chain == chain))];
    }

    /// <summary>The one chain that is meant.</summary>
    /// <exception cref="UsageException">It is not clear which.</exception>
    public static RepositoryChain OneChain(CommandContext context)
    {
        var chains = Chains(context).Where(c => Directory.Exists(c.Folder)).ToList();
        if (chains.Count > 1 && context.Arguments.GetValue(StartOptions.Chain) is null && chains.Where(c => c.Chain == ChainName.Default).ToList() is [var usual]) return usual;
        return chains switch
        {
            [var only] => only,
            [] => throw new BackupException(BackupErrorCode.InvalidArgument, "The repository holds nothing of that name.", "'qbackup list' shows what there is."),
            _ => throw new UsageException("The repository holds several VMs or chains.", $"Name one with --vm and --chain: {string.Join(", ", chains.Select(c => $"{c.Vm} ({c.Chain})"))}."),
        };
    }
}
