namespace QmpBackup;

/// <summary>A disk of a point that a repository holds, on which an increment may be built.</summary>
/// <param name="Disk">The disk's name; null for every disk of a point that is broken as a whole.</param>
/// <param name="Checkpoint">The point.</param>
/// <param name="Size">The disk's size then, in bytes.</param>
/// <param name="Fault">What is wrong with it; null where nothing is.</param>
internal sealed record HeldParent(string? Disk, CheckpointId Checkpoint, long Size, string? Fault)
{
    /// <summary>
    /// Whether the fault is only that the point, or one that it is built on, has no signature or not one of this key.
    /// </summary>
    public bool IsUntrusted { get; init; }
}
