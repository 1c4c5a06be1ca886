using System.Collections.Immutable;
using QmpBackup.Model;
using QmpBackup.Nbd;

namespace QmpBackup;

/// <summary>What a backup is wanted to be.</summary>
public sealed record StartRequest
{
    /// <summary>Where the scratch image goes unless something else is said.</summary>
    public const string DefaultScratchDirectory = "/var/tmp";

    /// <summary>
    /// The checkpoint to be taken: also the session's id, and the time at which it begins. Null for a new one of the time of the start.
    /// </summary>
    public CheckpointId? Checkpoint { get; init; }

    /// <summary>The chain; <see cref="ChainName.Default"/> unless something else is said.</summary>
    public ChainName Chain { get; init; }

    /// <summary>Which level.</summary>
    public LevelChoice Level { get; init; } = LevelChoice.Auto;

    /// <summary>
    /// Everything that changed since this checkpoint of a kept sequence, whatever was taken in between; null for since the last one.
    /// </summary>
    public CheckpointId? Since { get; init; }

    /// <summary>The disks, by any of their names; empty for every disk that can be written.</summary>
    public ImmutableArray<string> Disks { get; init; } = [];

    /// <summary>The disks to be left out, by any of their names.</summary>
    public ImmutableArray<string> Exclude { get; init; } = [];

    /// <summary>How the point is kept readable; null for the safest way that this QEMU has.</summary>
    public Fleecing? Fleecing { get; init; }

    /// <summary>The directory for the scratch image, as QEMU sees it: an absolute path.</summary>
    public string ScratchDirectory { get; init; } = DefaultScratchDirectory;

    /// <summary>Where the NBD server shall listen; null for a fresh unix socket.</summary>
    public NbdEndpoint? Nbd { get; init; }

    /// <summary>The id of a <c>tls-creds-x509</c> or <c>-psk</c> object in QEMU that the NBD server shall use; null for no TLS.</summary>
    public string? TlsCreds { get; init; }

    /// <summary>How to freeze the guest's file systems for the point in time; null for not at all.</summary>
    public FreezeRequest? Freeze { get; init; }

    /// <summary>
    /// What the repository holds that the backup is for: an increment is only taken on a point that it holds whole and sound. Null where
    /// somebody else keeps the points, and answers for them.
    /// </summary>
    internal ImmutableArray<HeldParent>? Parents { get; init; }

    /// <summary>Whether a disk that cannot be backed up, and is not excluded, makes the start fail; else it is remarked on.</summary>
    public bool IsStrict { get; init; }

    /// <summary>Whether to go on where a known bug of this QEMU can end the VM.</summary>
    public bool Force { get; init; }

    /// <summary>Whether to go on where the scratch directory has less room than the backup is expected to take.</summary>
    public bool IgnoresSpace { get; init; }

    /// <summary>The checkpoint, which the plan of a start needs.</summary>
    /// <exception cref="InvalidOperationException">The request has none yet.</exception>
    internal CheckpointId Point => Checkpoint ?? throw new InvalidOperationException("A start is planned with a checkpoint.");

    /// <summary>The same request with a checkpoint.</summary>
    /// <param name="time">The clock, for a new one.</param>
    internal StartRequest WithCheckpoint(TimeProvider time) =>
        Checkpoint is null ? this with { Checkpoint = CheckpointId.Create(time.GetUtcNow()) } : this;
}

/// <summary>How to freeze.</summary>
public sealed record FreezeRequest
{
    /// <summary>How long freezing may take unless something else is said: 10 seconds.</summary>
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Whether a backup is made without.</summary>
    public FreezeMode Mode { get; init; } = FreezeMode.Auto;

    /// <summary>How long the agent may take to freeze.</summary>
    public TimeSpan Timeout { get; init; } = DefaultTimeout;

    /// <summary>Freeze these file systems only, by mount point in the guest; empty for all.</summary>
    public ImmutableArray<string> Mountpoints { get; init; } = [];
}

/// <summary>Whether the guest's file systems are frozen for the moment in which the point in time is taken.</summary>
public enum FreezeMode
{
    /// <summary>If the guest agent can do it; else the backup goes on without, and says so.</summary>
    Auto,

    /// <summary>In any case: without a freeze there is no backup.</summary>
    Require,

    /// <summary>No.</summary>
    Never,
}

/// <summary>What came of an attempt to freeze the guest.</summary>
/// <param name="FileSystems">How many file systems are frozen: 0 is no freeze.</param>
/// <param name="Obstacle">Why nothing is frozen, in a sentence; null where something is.</param>
public sealed record FreezeOutcome(int FileSystems, string? Obstacle)
{
    /// <summary>Whether the guest is frozen.</summary>
    public bool IsFrozen => FileSystems > 0;

    /// <summary>Whether something else had frozen the guest before, and it still is frozen.</summary>
    public bool WasFrozenBefore { get; init; }
}
