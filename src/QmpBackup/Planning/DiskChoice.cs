using System.Collections.Immutable;

namespace QmpBackup;

/// <summary>What a backup would do with one disk, and why.</summary>
public sealed record DiskChoice
{
    /// <summary>The disk.</summary>
    public required VmDisk Disk { get; init; }

    /// <summary>What is taken.</summary>
    public required BackupLevel Level { get; init; }

    /// <summary>Why.</summary>
    public required string Reason { get; init; }

    /// <summary>The checkpoint that an increment is relative to.</summary>
    public CheckpointId? Parent { get; init; }

    /// <summary>The bitmaps whose merge is what changed since the parent; empty for a full.</summary>
    public ImmutableArray<string> Changed { get; init; } = [];

    /// <summary>The bitmap that records until this point and no further; null where none records.</summary>
    internal ChainBitmap? Old { get; init; }
}
