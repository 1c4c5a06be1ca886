using QmpBackup.Hashes;

namespace QmpBackup.Transfer;

/// <summary>A run of whole blocks that are alike.</summary>
/// <param name="First">The first block.</param>
/// <param name="End">The block behind the last.</param>
/// <param name="HasData">Whether any part of each may be other than zero.</param>
/// <param name="IsMarked">Whether any part of each is marked: dirty, or allocated in the topmost layer.</param>
internal readonly record struct BlockRun(long First, long End, bool HasData, bool IsMarked)
{
    /// <summary>How long it is on a disk of this size, in bytes: the last block may be shorter.</summary>
    /// <param name="size">The disk's size, in bytes.</param>
    public long LengthIn(long size) => Math.Min(End * HashBlock.Size, size) - (First * HashBlock.Size);
}
