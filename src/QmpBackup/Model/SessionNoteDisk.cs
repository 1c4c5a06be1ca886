namespace QmpBackup;

/// <summary>What a <see cref="SessionNote"/> says of one disk. The disk's number in the session is its place in the list.</summary>
internal sealed record SessionNoteDisk
{
    /// <summary>The disk's lasting name.</summary>
    public required string Name { get; init; }

    /// <summary>The node that carries the bitmaps.</summary>
    public required string Node { get; init; }

    /// <summary>The id of the guest device, if any.</summary>
    public string? Device { get; init; }

    /// <summary>The node that the guest's device stands on, where that is not <see cref="Node"/>.</summary>
    public string? Top { get; init; }

    /// <summary>How many writes of the guest had failed when the backup was opened; null where QEMU does not count them.</summary>
    public long? FailedWrites { get; init; }

    /// <summary>The size, in bytes.</summary>
    public long Size { get; init; }

    /// <summary>How the image is encrypted where the VM stores it, such as <c>luks</c>; null where it is not.</summary>
    public string? Encryption { get; init; }

    /// <summary>What is taken.</summary>
    public BackupLevel Level { get; init; }

    /// <summary>Why that level.</summary>
    public required string Reason { get; init; }

    /// <summary>The checkpoint that an increment is relative to.</summary>
    public CheckpointId? Parent { get; init; }

    /// <summary>The NBD export's name.</summary>
    public required string Export { get; init; }

    /// <summary>The exported bitmap.</summary>
    public string? Bitmap { get; init; }

    /// <summary>The node that the exported bitmap is on.</summary>
    public string? BitmapNode { get; init; }

    /// <summary>The scratch image's path, in the file system that QEMU sees.</summary>
    public required string Scratch { get; init; }
}
