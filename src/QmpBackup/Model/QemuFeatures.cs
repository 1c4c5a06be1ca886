namespace QmpBackup;

/// <summary>What this QEMU can do, read from its own schema and never guessed from its version.</summary>
internal sealed record QemuFeatures
{
    /// <summary>Whether a bitmap of another node can be named in an export (<c>{node, name}</c>; since QEMU 7.1).</summary>
    public bool ExportsBitmapsByNode { get; init; }

    /// <summary>Whether there is a <c>snapshot-access</c> driver (since QEMU 7.0).</summary>
    public bool HasSnapshotAccess { get; init; }

    /// <summary>
    /// Whether a backup job can be told to break the snapshot and not the guest's write (<c>on-cbw-error</c>; since QEMU 10.1).
    /// </summary>
    public bool BackupHasOnCbwError { get; init; }

    /// <summary>Whether the NBD server can be told how many clients it may have (<c>max-connections</c>; since QEMU 5.2).</summary>
    internal bool NbdServerHasMaxConnections { get; init; }

    /// <summary>Whether the commands that pull mode is made of are all there.</summary>
    public bool SupportsPullMode { get; init; }
}
