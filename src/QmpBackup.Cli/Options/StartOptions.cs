using System.Collections.Immutable;
using System.CommandLine;
using QmpBackup.Cli.Errors;
using QmpBackup.Cli.Running;
using QmpBackup.Cli.Settings;
using QmpBackup.Nbd;

namespace QmpBackup.Cli.Options;

/// <summary>The options of a backup's start.</summary>
internal static class StartOptions
{
    private const string ScratchVariable = "QBACKUP_SCRATCH_DIR";

    public static readonly Option<string[]> Disk = new("--disk")
    {
        Description = "A disk to take, named by node name or by the id of the guest device. May be repeated. Default: every disk that the "
            + "guest can write.",
        HelpName = "NAME",
        Arity = ArgumentArity.OneOrMore,
    };

    public static readonly Option<string[]> Exclude = new("--exclude")
    {
        Description = "A disk to leave out. May be repeated.",
        HelpName = "NAME",
        Arity = ArgumentArity.OneOrMore,
    };

    public static readonly Option<ChainName?> Chain = NewChain(
        $"The chain of checkpoints that the backup belongs to; default \"{ChainName.Default}\".");

    public static readonly Option<LevelChoice?> Level = TypedOption.Choice("--level",
        "auto: each disk incremental where that is sound, else full, with the reason. incremental: fail unless every disk can be. "
            + "copy: a full backup that changes no chain.",
        ("auto", LevelChoice.Auto), ("full", LevelChoice.Full), ("incremental", LevelChoice.Incremental), ("copy", LevelChoice.Copy));

    public static readonly Option<CheckpointId?> Since = TypedOption.Of<CheckpointId?>("--since",
        "Take everything that changed since this checkpoint of a kept sequence (see finish --keep-bitmap). 'qbackup status' lists them.",
        "CHECKPOINT", "a checkpoint such as 20261123T034712Z-1a2b3c, as 'qbackup status' lists them", TryReadCheckpoint);

    public static readonly Option<FleecingChoice?> Fleecing = TypedOption.Choice("--fleecing",
        "How the point in time is kept readable; auto is the safest way that this QEMU has.",
        ("auto", FleecingChoice.Auto), ("overlay", FleecingChoice.Overlay), ("snapshot-access", FleecingChoice.SnapshotAccess));

    public static readonly Option<string?> ScratchDirectory = new("--scratch-dir")
    {
        Description = $"Where QEMU puts the scratch image; default {StartRequest.DefaultScratchDirectory} (env {ScratchVariable}).",
        HelpName = "DIR",
    };

    /// <summary>The same option for commands that open no backup.</summary>
    public static readonly Option<string?> ScratchPlace = new("--scratch-dir")
    {
        Description = $"One more directory in which to look for scratch folders of interrupted backups (env {ScratchVariable}).",
        HelpName = "DIR",
    };

    public static readonly Option<NbdEndpoint?> Nbd = TypedOption.Of<NbdEndpoint?>("--nbd",
        "Where the NBD server listens: unix:/path or tcp:host:port; default a new unix socket that only the user of the VM can open.",
        "ADDRESS", "unix:/path or tcp:host:port", NbdEndpoint.TryParse);

    public static readonly Option<string?> TlsCreds = new("--tls-creds")
    {
        Description = "The id of a TLS credentials object in QEMU, for the NBD server.",
        HelpName = "ID",
    };

    public static readonly Option<bool> Force = TypedOption.Flag("--force",
        "Start even where this QEMU is known to abort when an NBD client disconnects: 7.2, with the disk on an iothread.");

    public static readonly Option<bool> NoSpaceCheck = TypedOption.Flag("--no-space-check",
        "Start even if the scratch directory has less space than the guest is expected to overwrite during the backup.");

    public static readonly Option<bool> Strict = TypedOption.Flag("--strict",
        "Fail if a disk cannot be backed up and is not excluded. Without it a remark says so.");

    public static void AddTo(Command command)
    {
        Option[] all = [Disk, Exclude, Strict, Chain, Level, Since, Fleecing, ScratchDirectory, Nbd, TlsCreds, NoSpaceCheck, Force];
        foreach (var option in all)
            command.Options.Add(option);
    }

    /// <summary>The request that the options make.</summary>
    public static StartRequest Bind(CommandContext context)
    {
        var arguments = context.Arguments;
        return new StartRequest
        {
            Chain = arguments.GetValue(Chain) ?? ChainName.Default,
            Level = arguments.GetValue(Level) ?? LevelChoice.Auto,
            Since = arguments.GetValue(Since),
            Disks = Names(arguments.GetValue(Disk)),
            Exclude = Names(arguments.GetValue(Exclude)),
            Fleecing = arguments.GetValue(Fleecing) switch
            {
                FleecingChoice.Overlay => QmpBackup.Fleecing.Overlay,
                FleecingChoice.SnapshotAccess => QmpBackup.Fleecing.SnapshotAccess,
                _ => null,
            },
            ScratchDirectory = ScratchDirectories(context) is [var directory] ? directory : StartRequest.DefaultScratchDirectory,
            Nbd = arguments.GetValue(Nbd),
            TlsCreds = arguments.GetValue(TlsCreds),
            Freeze = AgentOptions.Bind(context),
            IsStrict = arguments.GetValue(Strict),
            Force = arguments.GetValue(Force),
            IgnoresSpace = arguments.GetValue(NoSpaceCheck),
        };
    }

    private static ImmutableArray<string> Names(string[]? names) => names is null ? [] : [.. names.Distinct()];

    /// <summary>The scratch directory that is named, if one is: commands that close a backup look for its folder there, too.</summary>
    public static ImmutableArray<string> ScratchDirectories(CommandContext context)
    {
        var named = context.Arguments.GetValue(ScratchDirectory) ?? context.Arguments.GetValue(ScratchPlace)
            ?? context.Environment(ScratchVariable);
        return named is null ? [] : [Absolute(named)];
    }

    private static string Absolute(string directory)
    {
        try
        {
            return Path.GetFullPath(directory);
        }
        catch (ArgumentException)
        {
            throw new UsageException($"'{directory}' is not a path.",
                $"Name a scratch directory, for example --scratch-dir {StartRequest.DefaultScratchDirectory}.");
        }
    }

    private static bool TryReadCheckpoint(string text, out CheckpointId? checkpoint)
    {
        checkpoint = CheckpointId.TryParse(text, out var id) ? id : null;
        return checkpoint is not null;
    }

    /// <summary>The option that names a chain.</summary>
    /// <param name="description">What the chain is for.</param>
    public static Option<ChainName?> NewChain(string description) =>
        TypedOption.Of<ChainName?>("--chain", description, "NAME", ChainName.Rule, TryReadChain);

    private static bool TryReadChain(string text, out ChainName? chain)
    {
        chain = ChainName.TryParse(text, out var name) ? name : null;
        return chain is not null;
    }
}

/// <summary>The words of <c>--fleecing</c>.</summary>
internal enum FleecingChoice
{
    Auto,
    Overlay,
    SnapshotAccess,
}
