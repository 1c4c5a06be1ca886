using QmpBackup.Hashes;
using QmpBackup.Nbd;
using QmpBackup.Transfer;

namespace QmpBackup.Repository.Operations;

/// <summary>Reads a disk through QEMU's own format code and compares each block with its hash.</summary>
internal sealed class DiskChecker
{
    private const int Window = 24;

    private readonly NbdClient _client;
    private readonly HashLayers _hashes;
    private readonly IBlockSink? _sink;
    private readonly bool _ownOnly;
    private readonly ProgressMeter _meter;
    private readonly DamageReport _report = new();
    private readonly long _size;

    /// <summary>How an image is read.</summary>
    public static NbdClientOptions ClientOptions { get; } = new() { Connections = 4, MetaContexts = [NbdMetaContext.BaseAllocation, NbdMetaContext.QemuAllocationDepth] };

    private DiskChecker(NbdClient client, HashLayers hashes, IBlockSink? sink, bool ownOnly, ProgressMeter meter)
    {
        (_client, _hashes, _sink, _ownOnly, _meter) = (client, hashes, sink, ownOnly, meter);
        _size = client.Export.Size;
    }

    /// <summary>Checks a disk.</summary>
    /// <param name="tools">The programs.</param>
    /// <param name="image">The image.</param>
    /// <param name="hashFiles">The files of hashes, the point's own first.</param>
    /// <param name="sink">Takes what is right, and the check ends at the first that is not; null to check only, to the end.</param>
    /// <param name="ownOnly">Only what the point itself has: what it inherits is its parent's to be checked, but must not be hidden by the image. What the image is built on is not opened.</param>
    /// <param name="meter">Is told.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task<DamageReport> RunAsync(
        QemuTools tools, string image, IEnumerable<HashSource> hashFiles, IBlockSink? sink, bool ownOnly, ProgressMeter meter, CancellationToken cancellationToken)
    {
        using var hashes = HashLayers.Open(hashFiles);
        var server = await (ownOnly ? QemuNbdServer.ReadAloneAsync(tools, image, ClientOptions, cancellationToken) : QemuNbdServer.ReadAsync(tools, image, ClientOptions, cancellationToken)).ConfigureAwait(false);
        await using (server.ConfigureAwait(false))
        {
            var checker = new DiskChecker(server.Client, hashes, sink, ownOnly, meter);
            await checker.RunAsync(cancellationToken).ConfigureAwait(false);
            return checker._report;
        }
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var chunks = new ChunkWindow(Window, Count);
        try
        {
            var allocation = _client.FindMetaContext(NbdMetaContext.BaseAllocation);
            var depth = _client.FindMetaContext(NbdMetaContext.QemuAllocationDepth);
            await foreach (var run in BlockRuns.OfAsync(_client, 0, long.MaxValue, allocation, depth, static flags => flags == 1, stop.Token).ConfigureAwait(false))
            {
                for (var block = run.First; block < run.End && !ShouldStop;)
                {
                    var expected = _hashes.At(block);
                    var end = Math.Min(run.End, expected.End);
                    block = run.HasData && (expected.Kind != HashKind.Inherited || !_ownOnly)
                        ? await ReadAsync(chunks, block, run.End, stop.Token).ConfigureAwait(false)
                        : await SkipAsync(run with { First = block, End = end }, expected, stop.Token).ConfigureAwait(false);
                }

                if (ShouldStop)
                    break;
            }

            await chunks.DrainAsync().ConfigureAwait(false);
        }
        catch (NbdException e)
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await chunks.AbandonAsync().ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            _report.Fail(e.Message.TrimEnd('.'), e is NbdCommandException);
        }
        catch
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await chunks.AbandonAsync().ConfigureAwait(false);
            throw;
        }
    }

    private bool ShouldStop => _sink is not null && _report.IsSpoilt;

    // Blocks that need not be read: they are zero, or another point's.
    private async ValueTask<long> SkipAsync(BlockRun run, HashRun expected, CancellationToken cancellationToken)
    {
        var count = run.End - run.First;
        if (expected.Kind == HashKind.Data)
        {
            _report.Add(run.First, count, expected.Layer, "data is missing");
        }
        else if (_ownOnly && expected.Kind == HashKind.Zero && !run.IsMarked)
        {
            _report.Add(run.First, count, 0, "zeroes are missing");
        }
        else if (_ownOnly && expected.Kind == HashKind.Inherited && run.IsMarked)
        {
            _report.Add(run.First, count, 0, "there is data that was never written");
        }
        else if (_sink is not null && !run.HasData)
        {
            var offset = run.First * HashBlock.Size;
            await _sink.ZeroAsync(offset, Math.Min(count * HashBlock.Size, _size - offset), cancellationToken).ConfigureAwait(false);
        }

        return run.End;
    }

    private async ValueTask<long> ReadAsync(ChunkWindow chunks, long first, long runEnd, CancellationToken cancellationToken)
    {
        var chunk = await chunks.RentAsync().ConfigureAwait(false);
        var block = first;
        while (block < runEnd && block - first < Chunk.MaxBlocks)
        {
            var expected = _hashes.At(block);
            if (_ownOnly && expected.Kind == HashKind.Inherited)
                break;
            for (var end = Math.Min(Math.Min(runEnd, expected.End), first + Chunk.MaxBlocks); block < end; block++)
            {
                var i = block - first;
                chunk.Zero[i] = expected.Kind != HashKind.Data;
                chunk.Layers[i] = expected.Layer;
                if (expected.Kind == HashKind.Data)
                    chunk.Hashes[i] = expected.Hashes![block];
            }
        }

        chunk.Place(first, block - first, _size);
        chunks.Send(chunk, CheckAsync(chunk, cancellationToken));
        return block;
    }

    // What is read although it is zero is no part of what there is to do.
    private void Count(Chunk chunk)
    {
        long done = 0;
        for (var i = 0; i < chunk.Count; i++)
        {
            if (!chunk.Zero[i])
                done += chunk.Block(i).Length;
        }

        _meter.Add(done, chunk.Length);
    }

    private async Task CheckAsync(Chunk chunk, CancellationToken cancellationToken)
    {
        try
        {
            await _client.ReadAsync(chunk.Bytes, chunk.Offset, cancellationToken: cancellationToken).ConfigureAwait(false);
        }
        catch (NbdCommandException e)
        {
            _report.Fail($"it cannot be read at offset {chunk.Offset} ({e.ErrorName})", isRefused: true);
            return;
        }

        for (var i = 0; i < chunk.Count; i++)
        {
            var bytes = chunk.Block(i).Span;
            if (!(chunk.Zero[i] ? HashBlock.IsZero(bytes) : BlockHash.Of(bytes) == chunk.Hashes[i]))
                _report.Add(chunk.First + i, 1, chunk.Layers[i], "the content is not what was written");
        }

        if (_sink is not null && !_report.IsSpoilt)
            await _sink.WriteAsync(chunk.Bytes, chunk.Offset, cancellationToken).ConfigureAwait(false);
    }
}
