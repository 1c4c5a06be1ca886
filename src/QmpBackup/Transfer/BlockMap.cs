using System.Runtime.CompilerServices;
using System.Threading.Channels;
using QmpBackup.Hashes;
using QmpBackup.Nbd;

namespace QmpBackup.Transfer;

/// <summary>A run of whole blocks that are alike.</summary>
/// <param name="First">The first block.</param>
/// <param name="End">The block behind the last one.</param>
/// <param name="HasData">Whether any part of each block may be other than zero.</param>
/// <param name="IsMarked">
/// Whether any part of each block is marked. What a mark means depends on the map: dirty, allocated in the topmost layer, or compared
/// already.
/// </param>
/// <param name="Shift">How many blocks behind their place on the disk they are in the source.</param>
/// <param name="Level">Which file of the source they are in, for a source of several.</param>
internal readonly record struct BlockRun(long First, long End, bool HasData, bool IsMarked, long Shift = 0, int Level = 0)
{
    /// <summary>The length on a disk of this size, in bytes: the last block may be shorter.</summary>
    /// <param name="size">The disk's size, in bytes.</param>
    public long LengthIn(long size) => Math.Min(End * HashBlock.Size, size) - (First * HashBlock.Size);
}

/// <summary>
/// The block map of an NBD export: extents, which may begin and end anywhere, made into whole blocks. Streams, so that no map is ever held.
/// </summary>
/// <param name="Client">The export.</param>
/// <param name="Allocation">The context that tells where zeroes are; null where all may be data.</param>
/// <param name="Mark">The context that marks blocks; null to mark all.</param>
/// <param name="IsMark">Which flags of <paramref name="Mark"/> are a mark.</param>
internal sealed record BlockMap(NbdClient Client, NbdMetaContext? Allocation, NbdMetaContext? Mark, Func<ulong, bool> IsMark)
{
    /// <summary>A map that marks what is dirty.</summary>
    /// <param name="client">The export.</param>
    /// <param name="dirty">The name of the bitmap's context; null to mark all.</param>
    public static BlockMap OfChanges(NbdClient client, string? dirty) => new(client,
        client.FindMetaContext(NbdMetaContext.BaseAllocation), dirty is null ? null : client.FindMetaContext(dirty),
        static flags => (flags & NbdMetaContext.StateDirty) != 0);

    /// <summary>A map that marks what is allocated in the topmost layer.</summary>
    /// <param name="client">The export.</param>
    public static BlockMap OfLayers(NbdClient client) => new(client,
        client.FindMetaContext(NbdMetaContext.BaseAllocation), client.FindMetaContext(NbdMetaContext.QemuAllocationDepth),
        static flags => flags == 1);

    /// <summary>Reads the map.</summary>
    /// <param name="from">The first block.</param>
    /// <param name="to">The block behind the last one; the disk's end where that is less.</param>
    /// <param name="cancellationToken">Ends the stream.</param>
    public async IAsyncEnumerable<BlockRun> ReadAsync(long from, long to, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var blocks = Math.Min(HashBlock.Count(Client.Export.Size), to);
        var size = Math.Min(Client.Export.Size, blocks * HashBlock.Size);
        if (from >= blocks)
            yield break;
        if (Allocation is null && Mark is null)
        {
            yield return new BlockRun(from, blocks, HasData: true, IsMarked: true);
            yield break;
        }

        // The block that the extents so far fill only in part.
        var part = new BlockRun(from, from, HasData: false, IsMarked: false);
        var offset = from * HashBlock.Size;
        await foreach (var extent in Client.EnumerateExtentsAsync(offset, size - offset, cancellationToken).ConfigureAwait(false))
        {
            var data = Allocation is null || (extent[Allocation] & NbdMetaContext.StateZero) == 0;
            var marked = Mark is null || IsMark(extent[Mark]);
            var (begin, end) = (extent.Offset, extent.End);
            if (begin % HashBlock.Size != 0)
            {
                part = part with { HasData = part.HasData || data, IsMarked = part.IsMarked || marked };
                var boundary = (begin / HashBlock.Size + 1) * HashBlock.Size;
                if (end < boundary && end < size)
                    continue;
                yield return part with { End = part.First + 1 };
                begin = boundary;
            }

            var whole = end == size ? blocks : end / HashBlock.Size;
            if (begin / HashBlock.Size < whole)
                yield return new BlockRun(begin / HashBlock.Size, whole, data, marked);
            part = new BlockRun(whole, whole, data, marked);
        }
    }
}

/// <summary>Reads a disk's map ahead of the copy, up to a limited number of runs, so that the amount to read is known early.</summary>
/// <param name="meter">Learns the amount. Its total contains <paramref name="expected"/> already.</param>
/// <param name="size">The disk's size, in bytes.</param>
/// <param name="expected">How much of the disk is expected to be in the map, in bytes.</param>
internal sealed class MapAhead(ProgressMeter meter, long size, long expected)
{
    // 32 bytes each.
    private const int MaxRuns = 1 << 16;

    private long _expected = expected;

    /// <summary>Passes the map on.</summary>
    /// <param name="runs">The runs that are to be copied, in order.</param>
    /// <param name="cancellationToken">Ends the stream.</param>
    public async IAsyncEnumerable<BlockRun> ReadAsync(
        IAsyncEnumerable<BlockRun> runs, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var ahead = Channel.CreateBounded<BlockRun>(new BoundedChannelOptions(MaxRuns) { SingleReader = true, SingleWriter = true });
        var reading = Task.Run(() => ReadAheadAsync(runs, ahead.Writer, stop.Token), CancellationToken.None);
        try
        {
            await foreach (var run in ahead.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
                yield return run;
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await reading.ConfigureAwait(false);
        }
    }

    private async Task ReadAheadAsync(IAsyncEnumerable<BlockRun> runs, ChannelWriter<BlockRun> writer, CancellationToken cancellationToken)
    {
        Exception? failure = null;
        try
        {
            await foreach (var run in runs.WithCancellation(cancellationToken).ConfigureAwait(false))
            {
                Count(run);
                await writer.WriteAsync(run, cancellationToken).ConfigureAwait(false);
            }

            meter.Expect(-_expected);
        }
#pragma warning disable CA1031 // The reader of the channel receives the failure, whatever it is.
        catch (Exception e)
#pragma warning restore CA1031
        {
            failure = e;
        }

        writer.Complete(failure);
    }

    private void Count(BlockRun run)
    {
        var length = run.LengthIn(size);
        var known = Math.Min(length, _expected);
        _expected -= known;
        meter.Expect((run.HasData ? length : 0) - known);
    }
}
