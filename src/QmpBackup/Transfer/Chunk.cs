using QmpBackup.Hashes;

namespace QmpBackup.Transfer;

/// <summary>A few neighbouring blocks on their way, with the buffer that they travel in.</summary>
internal sealed class Chunk
{
    /// <summary>How many blocks the buffer holds.</summary>
    public const int MaxBlocks = 4;

    /// <summary>How many bytes the buffer holds: the request length that is read fastest.</summary>
    public const int MaxLength = MaxBlocks * HashBlock.Size;

    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(MaxLength, pinned: true);
    private long _diskSize;

    /// <summary>The hashes of the blocks that have one.</summary>
    public BlockHash[] Hashes { get; } = new BlockHash[MaxBlocks];

    /// <summary>The layer that each hash comes from.</summary>
    public int[] Layers { get; } = new int[MaxBlocks];

    /// <summary>Which blocks are zero.</summary>
    public bool[] Zero { get; } = new bool[MaxBlocks];

    /// <summary>Where a target has put the blocks that are not zero, in its own terms.</summary>
    public long[] Places { get; } = new long[MaxBlocks];

    /// <summary>The first block.</summary>
    public long First { get; private set; }

    /// <summary>How many blocks: at most <see cref="MaxBlocks"/>, except in a hole.</summary>
    public long Count { get; private set; }

    /// <summary>The place on the disk, in bytes.</summary>
    public long Offset => First * HashBlock.Size;

    /// <summary>How far behind its place on the disk the chunk is in its source, in bytes.</summary>
    public long Shift { get; private set; }

    /// <summary>Which file of its source the chunk is in.</summary>
    public int Level { get; private set; }

    /// <summary>The length, in bytes.</summary>
    public long Length { get; private set; }

    /// <summary>Whether the blocks are zero and not read.</summary>
    public bool IsHole { get; private set; }

    /// <summary>The work on the chunk.</summary>
    public Task Work { get; set; } = Task.CompletedTask;

    /// <summary>The bytes. Not for a hole.</summary>
    public Memory<byte> Bytes => _buffer.AsMemory(0, (int)Length);

    /// <summary>The bytes of one block.</summary>
    /// <param name="index">The block's place in the chunk.</param>
    public Memory<byte> Block(int index) =>
        Bytes.Slice(index * HashBlock.Size, (int)Math.Min(HashBlock.Size, Length - (index * HashBlock.Size)));

    /// <summary>The bytes of a few neighbouring blocks.</summary>
    /// <param name="index">The first block's place in the chunk.</param>
    /// <param name="count">How many.</param>
    public Memory<byte> BytesOf(int index, int count) =>
        Bytes[(index * HashBlock.Size)..(int)Math.Min((index + count) * HashBlock.Size, Length)];

    /// <summary>The runs of blocks that are all zero or all not, each as its first block's place in the chunk and their number.</summary>
    public IEnumerable<(int Index, int Count)> Runs()
    {
        for (var i = 0; i < Count;)
        {
            var first = i;
            while (++i < Count && Zero[i] == Zero[first])
            {
            }

            yield return (first, i - first);
        }
    }

    /// <summary>Places the chunk at the start of a run: over as much as it holds of data, or over the whole of a hole.</summary>
    /// <param name="run">The run.</param>
    /// <param name="diskSize">The disk's size, in bytes: the last block may be shorter.</param>
    public void Place(BlockRun run, long diskSize)
    {
        (First, Shift, Level, IsHole, _diskSize) = (run.First, run.Shift * HashBlock.Size, run.Level, !run.HasData, diskSize);
        Resize(run.HasData ? Math.Min(run.End - run.First, MaxBlocks) : run.End - run.First);
    }

    /// <summary>Changes the number of blocks.</summary>
    /// <param name="count">The new number.</param>
    public void Resize(long count)
    {
        Count = count;
        Length = Math.Min(count * HashBlock.Size, _diskSize - (First * HashBlock.Size));
    }
}

/// <summary>
/// The chunks in flight. They are collected in the order in which they were sent, so that everything before the last collected one is done.
/// </summary>
internal sealed class ChunkWindow
{
    private readonly Stack<Chunk> _free = new();
    private readonly Queue<Chunk> _inFlight = new();
    private readonly Action<Chunk> _collect;
    private int _unused;
    private bool _isBroken;

    /// <summary>A window.</summary>
    /// <param name="size">How many chunks may be in flight.</param>
    /// <param name="collect">Called with each chunk when it is done, in order.</param>
    public ChunkWindow(int size, Action<Chunk> collect) => (_unused, _collect) = (size, collect);

    /// <summary>A free chunk. Waits for the oldest one in flight if there is none.</summary>
    /// <exception cref="Exception">The failure of the work on the oldest one.</exception>
    public async ValueTask<Chunk> RentAsync()
    {
        while (_inFlight.TryPeek(out var oldest) && oldest.Work.IsCompleted)
            await CollectAsync().ConfigureAwait(false);
        if (_free.TryPop(out var chunk))
            return chunk;
        if (_unused > 0)
        {
            _unused--;
            return new Chunk();
        }

        await CollectAsync().ConfigureAwait(false);
        return _free.Pop();
    }

    /// <summary>Sends a chunk on its way.</summary>
    /// <param name="chunk">The chunk.</param>
    /// <param name="work">The work on it, which has begun.</param>
    public void Send(Chunk chunk, Task work)
    {
        chunk.Work = work;
        _inFlight.Enqueue(chunk);
    }

    /// <summary>Waits until all chunks are done.</summary>
    /// <exception cref="Exception">The failure of the work on a chunk.</exception>
    public async Task DrainAsync()
    {
        while (_inFlight.Count > 0)
            await CollectAsync().ConfigureAwait(false);
    }

    /// <summary>
    /// Waits after a failure until nothing is in flight any more, as buffers must be out of use before they are released. Chunks that are
    /// done in order still count.
    /// </summary>
    /// <returns>Whether everything that was collected counts; false if collecting itself failed.</returns>
    public async Task<bool> AbandonAsync()
    {
        while (_inFlight.TryDequeue(out var chunk))
        {
            await chunk.Work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            // What comes behind the first chunk that failed has a gap before it.
            if (!chunk.Work.IsCompletedSuccessfully)
                break;
            if (_isBroken)
                continue;
            try
            {
                Collect(chunk);
            }
            catch (Exception e) when (e is IOException or BackupException)
            {
                // The caller reports the failure that came before this one.
            }
        }

        while (_inFlight.TryDequeue(out var chunk))
            await chunk.Work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !_isBroken;
    }

    private async ValueTask CollectAsync()
    {
        var chunk = _inFlight.Peek();
        await chunk.Work.ConfigureAwait(false);
        _inFlight.Dequeue();
        Collect(chunk);
        _free.Push(chunk);
    }

    // After a chunk that could not be collected, none may be: there would be a gap.
    private void Collect(Chunk chunk)
    {
        _isBroken = true;
        _collect(chunk);
        _isBroken = false;
    }
}
