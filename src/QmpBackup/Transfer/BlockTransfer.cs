using QmpBackup.Nbd;

namespace QmpBackup.Transfer;

/// <summary>Where the blocks of a disk are read from.</summary>
internal interface IBlockSource
{
    /// <summary>The disk's size, in bytes.</summary>
    long Size { get; }

    /// <summary>The blocks that the transfer covers, in ascending order.</summary>
    /// <param name="cancellationToken">Ends the stream.</param>
    IAsyncEnumerable<BlockRun> MapAsync(CancellationToken cancellationToken);

    /// <summary>Reads the bytes of a chunk. Runs for many chunks at the same time.</summary>
    /// <param name="chunk">The chunk, in its place.</param>
    /// <param name="cancellationToken">Stops the read.</param>
    ValueTask ReadAsync(Chunk chunk, CancellationToken cancellationToken);
}

/// <summary>What becomes of the blocks of a disk.</summary>
internal interface IBlockSink
{
    /// <summary>Whether the sink takes no more blocks, so that the transfer ends.</summary>
    bool IsClosed => false;

    /// <summary>Passes over the blocks at the start of a run that need no work.</summary>
    /// <param name="run">The run; never empty.</param>
    /// <returns>The first block behind those; the first block of the run where the first one needs work.</returns>
    long Skip(BlockRun run) => run.First;

    /// <summary>Prepares a chunk that is about to be read, or to be taken as zeroes. May shorten it.</summary>
    /// <param name="chunk">The chunk, in its place.</param>
    void Prepare(Chunk chunk)
    {
    }

    /// <summary>Takes a chunk that was read. Runs for many chunks at the same time.</summary>
    /// <param name="chunk">The chunk.</param>
    /// <param name="cancellationToken">Stops it.</param>
    ValueTask WriteAsync(Chunk chunk, CancellationToken cancellationToken);

    /// <summary>Takes a chunk of zeroes, which was not read. Runs for many chunks at the same time.</summary>
    /// <param name="chunk">The chunk; its bytes are not set.</param>
    /// <param name="cancellationToken">Stops it.</param>
    Task ZeroAsync(Chunk chunk, CancellationToken cancellationToken);

    /// <summary>Whether the transfer goes on although the server refused to read a chunk.</summary>
    /// <param name="chunk">The chunk; its bytes are not set.</param>
    /// <param name="failure">What the server answered.</param>
    bool AcceptsUnread(Chunk chunk, NbdCommandException failure) => false;

    /// <summary>
    /// Counts a chunk: it is done, and so is everything before it. Called in the order of the map, for one chunk at a time.
    /// </summary>
    /// <param name="chunk">The chunk.</param>
    void Complete(Chunk chunk);

    /// <summary>
    /// Saves what is complete, if it is time to, and waits if too much is on its way. Called between two chunks.
    /// </summary>
    /// <param name="cancellationToken">Stops it.</param>
    ValueTask SaveIfDueAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <summary>Saves what is complete, after the transfer failed. Does not fail itself.</summary>
    Task SaveAfterFailureAsync() => Task.CompletedTask;
}

/// <summary>Where the blocks of a disk are written.</summary>
internal interface IBlockTarget
{
    /// <summary>Writes a chunk. Runs for many chunks at the same time.</summary>
    /// <param name="chunk">The chunk. The bytes of its zero blocks are not used.</param>
    /// <param name="cancellationToken">Stops it.</param>
    ValueTask WriteAsync(Chunk chunk, CancellationToken cancellationToken);

    /// <summary>Writes a chunk of zeroes, which has no bytes. Runs for many chunks at the same time.</summary>
    /// <param name="chunk">The chunk.</param>
    /// <param name="cancellationToken">Stops it.</param>
    Task ZeroAsync(Chunk chunk, CancellationToken cancellationToken);

    /// <summary>Makes a chunk that was written part of the disk. Called in the order of the map, for one chunk at a time.</summary>
    /// <param name="chunk">The chunk.</param>
    void Complete(Chunk chunk)
    {
    }

    /// <summary>Waits if too much is written and not yet on stable storage. Called between two chunks.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask PaceAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <summary>Puts what is complete on stable storage.</summary>
    /// <param name="cancellationToken">Stops it.</param>
    Task FlushAsync(CancellationToken cancellationToken);

    /// <summary>Puts everything on stable storage, after all was written.</summary>
    /// <param name="cancellationToken">Stops it.</param>
    Task CloseAsync(CancellationToken cancellationToken) => FlushAsync(cancellationToken);
}

/// <summary>
/// Moves the blocks of a disk from a source to a sink: pull, verification and restore are transfers. The source's map is cut into chunks,
/// of which a limited number is in flight. The first failure stops the transfer.
/// </summary>
/// <param name="source">Where the blocks are read.</param>
/// <param name="sink">What takes them.</param>
/// <param name="window">How many chunks may be in flight, at least 1. Each has a buffer of <see cref="Chunk.MaxLength"/> bytes.</param>
internal sealed class BlockTransfer(IBlockSource source, IBlockSink sink, int window)
{
    /// <summary>Runs the transfer. No buffer is in use any more when this returns or throws.</summary>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="Exception">
    /// The failure of the map or of a chunk. Of several chunks that fail, the first one in the order of the map.
    /// </exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var chunks = new ChunkWindow(window, sink.Complete);
        try
        {
            await foreach (var run in source.MapAsync(stop.Token).ConfigureAwait(false))
            {
                var next = run.First;
                while (next < run.End && !sink.IsClosed)
                {
                    var rest = run with { First = next };
                    next = sink.Skip(rest);
                    if (next > rest.First)
                        continue;
                    var chunk = await chunks.RentAsync().ConfigureAwait(false);
                    chunk.Place(rest, source.Size);
                    sink.Prepare(chunk);
                    next = chunk.First + chunk.Count;
                    chunks.Send(chunk, chunk.IsHole ? sink.ZeroAsync(chunk, stop.Token) : CopyAsync(chunk, stop.Token));
                    await sink.SaveIfDueAsync(cancellationToken).ConfigureAwait(false);
                }

                if (sink.IsClosed)
                    break;
            }

            await chunks.DrainAsync().ConfigureAwait(false);
        }
        catch
        {
            await stop.CancelAsync().ConfigureAwait(false);
            if (await chunks.AbandonAsync().ConfigureAwait(false))
                await sink.SaveAfterFailureAsync().ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            throw;
        }
    }

    private async Task CopyAsync(Chunk chunk, CancellationToken cancellationToken)
    {
        try
        {
            await source.ReadAsync(chunk, cancellationToken).ConfigureAwait(false);
        }
        catch (NbdCommandException e) when (sink.AcceptsUnread(chunk, e))
        {
            return;
        }

        await sink.WriteAsync(chunk, cancellationToken).ConfigureAwait(false);
    }
}
