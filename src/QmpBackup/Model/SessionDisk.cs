using QmpBackup.Nbd;

namespace QmpBackup;

/// <summary>One disk of an open backup.</summary>
public sealed record SessionDisk
{
    /// <summary>The lasting name.</summary>
    public required string Name { get; init; }

    /// <summary>The node that carries the bitmaps.</summary>
    public required string Node { get; init; }

    /// <summary>The id of the guest device; null where it has none.</summary>
    public string? Device { get; init; }

    /// <summary>The size, in bytes.</summary>
    public long Size { get; init; }

    /// <summary>How the image is encrypted where the VM stores it, such as <c>luks</c>: what is read is not. Null where it is not encrypted.</summary>
    public string? Encryption { get; init; }

    /// <summary>What is taken.</summary>
    public BackupLevel Level { get; init; }

    /// <summary>Why that level.</summary>
    public required string Reason { get; init; }

    /// <summary>The checkpoint that an increment is relative to; null for others.</summary>
    public CheckpointId? Parent { get; init; }

    /// <summary>The NBD export's name.</summary>
    public required string Export { get; init; }

    /// <summary>The URI of the export; null if it is not recorded.</summary>
    public required NbdUri? Uri { get; init; }

    /// <summary>The exported bitmap; null for a full.</summary>
    public string? Bitmap { get; init; }

    /// <summary>The NBD meta context of what changed: <c>qemu:dirty-bitmap:NAME</c>; null for a full.</summary>
    public string? MetaContext { get; init; }

    /// <summary>How much changed since the parent, in bytes; null for a full.</summary>
    public long? DirtyBytes { get; init; }

    /// <summary>The unit of <see cref="DirtyBytes"/>, in bytes; null for a full.</summary>
    public long? Granularity { get; init; }
}
