using QmpBackup.Hashes;

namespace QmpBackup.Transfer;

/// <summary>A few blocks on their way, with the buffer that they travel in.</summary>
internal sealed class Chunk
{
    /// <summary>How many blocks fit.</summary>
    public const int MaxBlocks = 4;

    /// <summary>How many bytes fit: the length of request that is read fastest.</summary>
    public const int MaxLength = MaxBlocks * HashBlock.Size;

    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(MaxLength, pinned: true);

    /// <summary>The hashes of the blocks that have one.</summary>
    public BlockHash[] Hashes { get; } = new BlockHash[MaxBlocks];

    /// <summary>The layer that each hash is of.</summary>
    public int[] Layers { get; } = new int[MaxBlocks];

    /// <summary>Which blocks are zero.</summary>
    public bool[] Zero { get; } = new bool[MaxBlocks];

    /// <summary>The first block.</summary>
    public long First { get; private set; }

    /// <summary>How many blocks: may be more than fit where they are not read.</summary>
    public long Count { get; private set; }

    /// <summary>Where it is on the disk, in bytes.</summary>
    public long Offset => First * HashBlock.Size;

    /// <summary>How long it is, in bytes.</summary>
    public long Length { get; private set; }

    /// <summary>Whether the blocks are zero and not read.</summary>
    public bool IsHole { get; set; }

    /// <summary>The work on it.</summary>
    public Task Work { get; set; } = Task.CompletedTask;

    /// <summary>The bytes.</summary>
    public Memory<byte> Bytes => _buffer.AsMemory(0, (int)Length);

    /// <summary>The bytes of one block.</summary>
    /// <param name="index">Its place in the chunk.</param>
    public Memory<byte> Block(int index) => Bytes.Slice(index * HashBlock.Size, (int)Math.Min(HashBlock.Size, Length - (index * HashBlock.Size)));

    /// <summary>Sets the place.</summary>
    /// <param name="first">The first block.</param>
    /// <param name="count">How many blocks.</param>
    /// <param name="diskSize">The disk's size: the last block may be shorter.</param>
    public void Place(long first, long count, long diskSize)
    {
        (First, Count) = (first, count);
        Length = Math.Min(count * HashBlock.Size, diskSize - (first * HashBlock.Size));
    }
}
