using QmpBackup.Nbd;

namespace QmpBackup;

/// <summary>How a backup is pulled into a repository.</summary>
public sealed record PullOptions
{
    /// <summary>Connections to each export, 1 to 16; fewer where the server does not allow them.</summary>
    public int Connections { get; init; } = 4;

    /// <summary>Bytes a second read from the VM, all disks together; null for no limit.</summary>
    public long? BytesPerSecond { get; init; }

    /// <summary>How much the guest's own I/O may suffer while its disks are read.</summary>
    public GuestImpact Impact { get; init; }

    /// <summary>Whether images are compressed, by zstd.</summary>
    public bool Compress { get; init; }

    /// <summary>
    /// The private key that signs points; null to sign none. With a key, an increment is built only on points that are signed with it.
    /// </summary>
    public SigningKey? SignKey { get; init; }

    /// <summary>How the exports are connected to: certificates for TLS, timeouts, logging.</summary>
    public NbdClientOptions Nbd { get; init; } = new();

    /// <summary>
    /// The address of the exports, for a backup that was opened with an NBD address of the user; null for any other. It must agree with the
    /// note in QEMU, which alone is not trusted.
    /// </summary>
    public NbdEndpoint? NbdServer { get; init; }

    /// <summary>
    /// Whether a new repository or chain is begun even if the VM has a checkpoint of this chain. Its points must be in another place then.
    /// </summary>
    public bool NewRepository { get; init; }

    /// <summary>Whether the chain of a VM with another UUID is continued.</summary>
    public bool Adopt { get; init; }

    /// <summary>The programs that read and write images.</summary>
    public QemuTools Tools { get; init; } = new();

    /// <summary>How the backup is watched while it is pulled: it is aborted before a full scratch affects the guest.</summary>
    public WatchOptions Watch { get; init; } = new();

    /// <summary>The clock.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Receives the progress, a few times a second; null for none.</summary>
    public IProgress<PullProgress>? Progress { get; init; }

    // How often the journal is written. A pull that is interrupted continues from there.
    internal TimeSpan JournalInterval { get; init; } = TimeSpan.FromSeconds(20);

    // How long to wait for work on a file system that hangs. Longer than a stopped pull needs to write its journal.
    internal TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(20);
}

/// <summary>How much the guest's own I/O may suffer while its disks are read.</summary>
public enum GuestImpact
{
    /// <summary>A busy guest keeps most of its speed, and an idle one is read as fast as it goes.</summary>
    Normal,

    /// <summary>A busy guest keeps nearly all of its speed, and the backup takes as long as that needs.</summary>
    Low,

    /// <summary>The disks are read as fast as it goes, and the guest is not looked at.</summary>
    None,
}

/// <summary>What a pull made.</summary>
/// <param name="Chain">The chain that holds it.</param>
/// <param name="Point">The point.</param>
/// <param name="BytesReused">
/// How much an earlier, interrupted pull had done already, in bytes of disk; the whole size if the point was complete before.
/// </param>
public sealed record PulledPoint(RepositoryChain Chain, RepositoryPoint Point, long BytesReused);

/// <summary>How an open backup is watched.</summary>
public sealed record WatchOptions
{
    /// <summary>
    /// The free space that the file system of the scratch images must keep, in bytes; null for half of what is free now, at most 1 GiB.
    /// </summary>
    public long? Reserve { get; init; }

    /// <summary>The time between two looks, besides the events of QEMU. Default: 500 milliseconds.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMilliseconds(500);
}
