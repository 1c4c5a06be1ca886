namespace QmpBackup.Transfer;

/// <summary>The chunks in flight, collected in the order in which they were begun, so that what is behind the oldest one is done without a gap.</summary>
internal sealed class ChunkWindow
{
    private readonly Stack<Chunk> _free = new();
    private readonly Queue<Chunk> _inFlight = new();
    private readonly Action<Chunk> _collect;
    private int _unused;
    private bool _isBroken;

    /// <summary>A window.</summary>
    /// <param name="size">How many chunks may be in flight.</param>
    /// <param name="collect">Is called with each chunk when it is done, in order.</param>
    public ChunkWindow(int size, Action<Chunk> collect) => (_unused, _collect) = (size, collect);

    /// <summary>A free chunk: waits for the oldest one if there is none.</summary>
    /// <exception cref="Exception">Whatever the work on the oldest one failed with.</exception>
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

    /// <summary>Sends a chunk on its way, its work begun.</summary>
    /// <param name="chunk">The chunk.</param>
    /// <param name="work">The work.</param>
    public void Send(Chunk chunk, Task work)
    {
        chunk.Work = work;
        _inFlight.Enqueue(chunk);
    }

    /// <summary>Waits until all is done.</summary>
    public async Task DrainAsync()
    {
        while (_inFlight.Count > 0)
            await CollectAsync().ConfigureAwait(false);
    }

    /// <summary>Waits until nothing is in flight any more, after a failure: buffers must be out of use before they go, and what is done in order still counts.</summary>
    /// <returns>Whether all that was collected counts: false where collecting itself failed.</returns>
    public async Task<bool> AbandonAsync()
    {
        while (_inFlight.TryDequeue(out var chunk))
        {
            await chunk.Work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            // From the first one that is missing on, nothing is without a gap.
            if (!chunk.Work.IsCompletedSuccessfully)
                break;
            if (_isBroken)
                continue;
            try
            {
                Collect(chunk);
            }
            catch (IOException)
            {
                // The failure that led here is the one to be told.
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

    // Behind a chunk that could not be collected none may be: it would be jumped over.
    private void Collect(Chunk chunk)
    {
        _isBroken = true;
        _collect(chunk);
        _isBroken = false;
    }
}
