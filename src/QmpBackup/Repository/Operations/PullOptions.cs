using QmpBackup.Nbd;

namespace QmpBackup;

/// <summary>How a backup is pulled into a repository.</summary>
public sealed record PullOptions
{
    /// <summary>Connections to each export, 1 to 16; fewer where the server does not allow them.</summary>
    public int Connections { get; init; } = 4;

    /// <summary>Bytes a second read from the VM, all disks together; null for no limit.</summary>
    public long? BytesPerSecond { get; init; }

    /// <summary>Whether images are compressed, by zstd.</summary>
    public bool Compress { get; init; }

    /// <summary>
    /// The private key that signs points; null to sign none. With a key an increment is built only on points that it has signed.
    /// </summary>
    public SigningKey? SignKey { get; init; }

    /// <summary>How the exports are connected to: certificates for TLS, timeouts, logging.</summary>
    public NbdClientOptions Nbd { get; init; } = new();

    /// <summary>
    /// Where the exports of a backup are that was opened with an NBD address of the user's own; null where it was not. What QEMU's note says must agree: it alone is not believed.
    /// </summary>
    public NbdEndpoint? NbdServer { get; init; }

    /// <summary>Whether a repository, or a chain in it, is begun although the VM has a checkpoint of this chain: of points that must be somewhere else.</summary>
    public bool NewRepository { get; init; }

    /// <summary>Whether the chain of a VM with another UUID is continued.</summary>
    public bool Adopt { get; init; }

    /// <summary>The programs that read and write images.</summary>
    public QemuTools Tools { get; init; } = new();

    /// <summary>How the backup is watched while it is pulled: it gives way before a full scratch reaches the guest.</summary>
    public WatchOptions Watch { get; init; } = new();

    /// <summary>The clock.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Is told how far it is, a few times a second; null if nobody wants to know.</summary>
    public IProgress<PullProgress>? Progress { get; init; }

    // Every so often what is done is made safe, so that a pull that is cut off goes on from there.
    internal TimeSpan JournalInterval { get; init; } = TimeSpan.FromSeconds(20);

    // A file system that hangs does not let go of who works on it. Longer than a pull that is stopped needs to say how far it is.
    internal TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(20);
}

/// <summary>What a pull made.</summary>
/// <param name="Chain">Where it is.</param>
/// <param name="Point">The point.</param>
/// <param name="BytesReused">How much an earlier pull that was cut off had done already, in bytes of disk; the whole size where the point was complete before.</param>
public sealed record PulledPoint(RepositoryChain Chain, RepositoryPoint Point, long BytesReused);
