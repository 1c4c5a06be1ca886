using System.Collections.Immutable;
using System.CommandLine;
using QmpBackup.Cli.Errors;
using QmpBackup.Cli.Running;
using QmpBackup.Cli.Settings;
using QmpBackup.Nbd;

namespace QmpBackup.Cli.Options;

/// <summary>What a backup is to be.</summary>
internal static class StartOptions
{
    private const string ScratchVariable = "QBACKUP_SCRATCH_DIR";

    public static readonly Option<string?> Chain = Parsed.Of<string>("--chain",
        $"The sequence of checkpoints that this belongs to; default \"{ChainName.Default}\".", "NAME", ReadChain);

    public static readonly Option<LevelChoice?> Level = Choice.Of("--level",
        "auto: incremental per disk where that is sound, else full, with the reason. incremental: fail unless every disk can. copy: a full that leaves all chains alone.",
        ("auto", LevelChoice.Auto), ("full", LevelChoice.Full), ("incremental", LevelChoice.Incremental), ("copy", LevelChoice.Copy));

    public static readonly Option<CheckpointId?> Since = NewSince();

    public static readonly Option<FleecingChoice?> Fleecing = Choice.Of("--fleecing",
        "How the point in time is kept readable; auto is the safest that this QEMU has.",
        ("auto", FleecingChoice.Auto), ("overlay", FleecingChoice.Overlay), ("snapshot-access", FleecingChoice.SnapshotAccess));

    public static readonly Option<string?> ScratchDirectory = new("--scratch-dir")
    {
        Description = $"Where QEMU puts the scratch image; default {StartRequest.DefaultScratchDirectory} (env {ScratchVariable}).",
        HelpName = "DIR",
    };

    public static readonly Option<NbdEndpoint?> Nbd = Parsed.Of<NbdEndpoint>("--nbd",
        "Where the NBD server listens: unix:/path or tcp:host:port; default a fresh unix socket that only the user of the VM can open.", "ADDRESS", ReadNbd);

    public static readonly Option<string?> TlsCreds = new("--tls-creds")
    {
        Description = "The id of a TLS credentials object in QEMU for the NBD server to use.",
        HelpName = "ID",
    };

    public static readonly Option<bool> Force = new("--force")
    {
        Description = "Start even where this QEMU is known to abort when an NBD client disconnects: 7.2, with the disk on an iothread.",
        Arity = ArgumentArity.Zero,
    };

    public static readonly Option<bool> NoSpaceCheck = new("--no-space-check")
    {
        Description = "Start even where the scratch directory has less room than the guest is expected to overwrite meanwhile.",
        Arity = ArgumentArity.Zero,
    };

    public static readonly Option<bool> Strict = new("--strict")
    {
        Description = "Fail where a disk cannot be backed up and is not excluded; else a remark says so.",
        Arity = ArgumentArity.Zero,
    };

    public static void AddTo(Command command)
    {
        foreach (var option in (Option[])[DiskOptions.Disk, DiskOptions.Exclude, Strict, Chain, Level, Since, Fleecing, ScratchDirectory, Nbd, TlsCreds, NoSpaceCheck, Force])
            command.Options.Add(option);
    }

    /// <summary>The request that the options come to, with a fresh checkpoint.</summary>
    public static StartRequest Bind(CommandContext context)
    {
        var arguments = context.Arguments;
        var directory = arguments.GetValue(ScratchDirectory) ?? context.Environment(ScratchVariable) ?? StartRequest.DefaultScratchDirectory;
        return new StartRequest
        {
            Checkpoint = CheckpointId.Create(DateTimeOffset.UtcNow),
            Chain = arguments.GetValue(Chain) ?? ChainName.Default,
            Level = arguments.GetValue(Level) ?? LevelChoice.Auto,
            Since = arguments.GetValue(Since),
            Disks = Names(arguments.GetValue(DiskOptions.Disk)),
            Exclude = Names(arguments.GetValue(DiskOptions.Exclude)),
            Fleecing = arguments.GetValue(Fleecing) switch
            {
                FleecingChoice.Overlay => QmpBackup.Fleecing.Overlay,
                FleecingChoice.SnapshotAccess => QmpBackup.Fleecing.SnapshotAccess,
                _ => null,
            },
            ScratchDirectory = Absolute(directory),
            Nbd = arguments.GetValue(Nbd),
            TlsCreds = arguments.GetValue(TlsCreds),
            Freeze = AgentOptions.Bind(context),
            IsStrict = arguments.GetValue(Strict),
            Force = arguments.GetValue(Force),
            IgnoresSpace = arguments.GetValue(NoSpaceCheck),
        };
    }

    private static ImmutableArray<string> Names(string[]? names) => names is null ? [] : [.. names.Distinct()];

    private static string Absolute(string directory)
    {
        try
        {
            return Path.GetFullPath(directory);
        }
        catch (ArgumentException)
        {
            throw new UsageException($"'{directory}' is no path of a scratch directory.", $"For example --scratch-dir {StartRequest.DefaultScratchDirectory}.");
        }
    }

    private static Option<CheckpointId?> NewSince() => new("--since")
    {
        Description = "Everything that changed since this checkpoint of a kept sequence (see finish --keep-bitmap); 'qbackup status' lists them.",
        HelpName = "CHECKPOINT",
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = result =>
        {
            if (CheckpointId.TryParse(result.Tokens[^1].Value, out var id))
                return id;
            result.AddError($"--since: '{result.Tokens[^1].Value}' is no checkpoint; they look like 20261123T034712Z-1a2b3c, and 'qbackup status' lists them.");
            return null;
        },
    };

    private static string? ReadChain(string text, out string? chain)
    {
        chain = text;
        return ChainName.IsValid(text)
            ? null
            : $"'{text}' is no name for a chain: it is 1 to {ChainName.MaxLength} of ASCII letters, digits, '-' and '_', and does not begin with '-'.";
    }

    private static string? ReadNbd(string text, out NbdEndpoint? address) =>
        NbdEndpoint.TryParse(text, out address) ? null : $"'{text}' is no address to listen at: write unix:/path or tcp:host:port.";
}

/// <summary>The words of <c>--fleecing</c>.</summary>
internal enum FleecingChoice
{
    Auto,
    Overlay,
    SnapshotAccess,
}

/// <summary>Which disks.</summary>
internal static class DiskOptions
{
    public static readonly Option<string[]> Disk = new("--disk")
    {
        Description = "A disk to take, by node name or id of the guest device; may be given more than once. Default: every disk that the guest can write.",
        HelpName = "NAME",
        Arity = ArgumentArity.OneOrMore,
    };

    public static readonly Option<string[]> Exclude = new("--exclude")
    {
        Description = "A disk to leave out; may be given more than once.",
        HelpName = "NAME",
        Arity = ArgumentArity.OneOrMore,
    };
}
