using System.Collections.Immutable;
using QmpBackup.Model;
using QmpBackup.Nbd;

namespace QmpBackup;

/// <summary>What to back up, and how.</summary>
public sealed record StartRequest
{
    /// <summary>The default of <see cref="ScratchDirectory"/>.</summary>
    public const string DefaultScratchDirectory = "/var/tmp";

    /// <summary>
    /// The id of the new checkpoint, and of the session. Its time is the start of the backup. Null for a new id at the start.
    /// </summary>
    public CheckpointId? Checkpoint { get; init; }

    /// <summary>The chain. Default: <see cref="ChainName.Default"/>.</summary>
    public ChainName Chain { get; init; }

    /// <summary>The level. Default: <see cref="LevelChoice.Auto"/>.</summary>
    public LevelChoice Level { get; init; } = LevelChoice.Auto;

    /// <summary>
    /// Take everything that changed since this checkpoint of a kept sequence; null for the last checkpoint.
    /// </summary>
    public CheckpointId? Since { get; init; }

    /// <summary>The disks, by any of their names; empty for every disk that can be written.</summary>
    public ImmutableArray<string> Disks { get; init; } = [];

    /// <summary>The disks to leave out, by any of their names.</summary>
    public ImmutableArray<string> Exclude { get; init; } = [];

    /// <summary>How the point in time is held; null for the safest way that this QEMU has.</summary>
    public Fleecing? Fleecing { get; init; }

    /// <summary>
    /// The directory for the scratch images, as QEMU sees it: an absolute path. Default: <see cref="DefaultScratchDirectory"/>.
    /// </summary>
    public string ScratchDirectory { get; init; } = DefaultScratchDirectory;

    /// <summary>The address of the NBD server; null for a new unix socket.</summary>
    public NbdEndpoint? Nbd { get; init; }

    /// <summary>The id of a <c>tls-creds-x509</c> or <c>-psk</c> object in QEMU for the NBD server; null for no TLS.</summary>
    public string? TlsCreds { get; init; }

    /// <summary>How to freeze the guest's file systems for the point in time; null for no freeze.</summary>
    public FreezeRequest? Freeze { get; init; }

    /// <summary>
    /// What the repository holds: an increment is only taken on a point that it holds complete and sound. Null if another program keeps the
    /// points and is responsible for them.
    /// </summary>
    internal ImmutableArray<HeldParent>? Parents { get; init; }

    /// <summary>Whether the start fails if a disk cannot be backed up and is not excluded. If false, a remark names the disk.</summary>
    public bool IsStrict { get; init; }

    /// <summary>Whether to start even if a known bug of this QEMU can end the VM.</summary>
    public bool Force { get; init; }

    /// <summary>Whether to start even if the scratch directory has less room than the backup is expected to take.</summary>
    public bool IgnoresSpace { get; init; }

    /// <summary>The checkpoint, which the plan of a start needs.</summary>
    /// <exception cref="InvalidOperationException">The request has none yet.</exception>
    internal CheckpointId Point => Checkpoint ?? throw new InvalidOperationException("A start is planned with a checkpoint.");

    /// <summary>The same request with a checkpoint.</summary>
    /// <param name="time">The clock, for a new one.</param>
    internal StartRequest WithCheckpoint(TimeProvider time) =>
        Checkpoint is null ? this with { Checkpoint = CheckpointId.Create(time.GetUtcNow()) } : this;
}

/// <summary>How to freeze the guest.</summary>
public sealed record FreezeRequest
{
    /// <summary>The default of <see cref="Timeout"/>: 10 seconds.</summary>
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Whether a backup is made without a freeze. Default: <see cref="FreezeMode.Auto"/>.</summary>
    public FreezeMode Mode { get; init; } = FreezeMode.Auto;

    /// <summary>How long the agent may take to freeze. Default: 10 seconds.</summary>
    public TimeSpan Timeout { get; init; } = DefaultTimeout;

    /// <summary>Freeze these file systems only, by mount point in the guest; empty for all.</summary>
    public ImmutableArray<string> Mountpoints { get; init; } = [];
}

/// <summary>Whether the guest's file systems are frozen for the moment in which the point in time is taken.</summary>
public enum FreezeMode
{
    /// <summary>Freeze if the guest agent can. Otherwise the backup is made without a freeze, and says so.</summary>
    Auto,

    /// <summary>Always: without a freeze there is no backup.</summary>
    Require,

    /// <summary>Never.</summary>
    Never,
}

/// <summary>The result of an attempt to freeze the guest.</summary>
/// <param name="FileSystems">How many file systems are frozen; 0 if the guest is not frozen.</param>
/// <param name="Obstacle">Why nothing is frozen, in a sentence; null if the guest is frozen.</param>
public sealed record FreezeOutcome(int FileSystems, string? Obstacle)
{
    /// <summary>Whether the guest is frozen.</summary>
    public bool IsFrozen => FileSystems > 0;

    /// <summary>Whether something else had frozen the guest before, and it still is frozen.</summary>
    public bool WasFrozenBefore { get; init; }
}
