using System.Runtime.CompilerServices;
using QmpBackup.Hashes;
using QmpBackup.Nbd;
using QmpBackup.Transfer;

namespace QmpBackup.Repository.Operations;

/// <summary>The export of a disk of an open backup. Its map covers what has to be copied.</summary>
internal sealed class PullSource : IBlockSource, IAsyncDisposable
{
    private readonly DiskPull _pull;
    private readonly NbdClient _client;
    private readonly BlockMap _map;
    private readonly DiskTally _earlier;

    private PullSource(DiskPull pull, NbdClient client, DiskTally earlier)
    {
        (_pull, _client, _earlier) = (pull, client, earlier);
        _map = BlockMap.OfChanges(client, pull.Disk.MetaContext);
    }

    /// <inheritdoc/>
    public long Size => _pull.Disk.Size;

    /// <summary>Connects to the export.</summary>
    /// <param name="pull">The disk.</param>
    /// <param name="earlier">What an earlier pull did: the map begins behind it.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="BackupException">There is no connection, or it is the export of something else.</exception>
    public static async Task<PullSource> ConnectAsync(DiskPull pull, DiskTally earlier, CancellationToken cancellationToken)
    {
        var (disk, options) = (pull.Disk, pull.Options);
        NbdClient? client = null;
        try
        {
            client = await NbdClient.ConnectAsync(disk.Uri!, options.Nbd with
            {
                Connections = options.Connections,
                MetaContexts = disk.MetaContext is { } dirty ? [NbdMetaContext.BaseAllocation, dirty] : [NbdMetaContext.BaseAllocation],
            }, cancellationToken).ConfigureAwait(false);
            if (disk.MetaContext is { } wanted && client.FindMetaContext(wanted) is null)
                throw new BackupException(BackupErrorCode.BackupFailed, $"The export of disk {disk.Name} does not offer {wanted}.");
            if (client.Export.Size != disk.Size)
            {
                throw new BackupException(
                    BackupErrorCode.BackupFailed,
                        $"The export of disk {disk.Name} has {client.Export.Size} bytes instead of {disk.Size}.");
            }

            return new PullSource(pull, client, earlier);
        }
        catch (Exception e)
        {
            if (client is not null)
                await client.DisposeAsync().ConfigureAwait(false);
            throw e is NbdException ? pull.ReadFailed(e) : e;
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<BlockRun> MapAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var runs = _map.ReadAsync(_earlier.NextBlock, long.MaxValue, cancellationToken);
        using var parent = _pull.IsIncrement ? HashLayers.Open(_pull.ParentHashes) : null;
        var cutFrom = parent is not null ? await FindCutAsync(parent, cancellationToken).ConfigureAwait(false) : 0;
        var ahead = new MapAhead(_pull.Meter, Size, _pull.ExpectedAfter(_earlier));
        await foreach (var run in ahead.ReadAsync(ToCopyAsync(runs, parent, cutFrom), cancellationToken).ConfigureAwait(false))
            yield return run;
    }

    /// <inheritdoc/>
    /// <exception cref="BackupException">The VM does not give the bytes.</exception>
    public async ValueTask ReadAsync(Chunk chunk, CancellationToken cancellationToken)
    {
        if (_pull.Throttle is { } throttle)
            await throttle.WaitAsync(chunk.Length, cancellationToken).ConfigureAwait(false);
        try
        {
            for (var (bytes, done) = (chunk.Bytes, 0); done < bytes.Length;)
            {
                var slice = bytes.Slice(done, _pull.Gate?.SliceOf(bytes.Length - done) ?? bytes.Length);
                if (_pull.Gate is { } gate)
                    await gate.WaitAsync(slice.Length, cancellationToken).ConfigureAwait(false);
                await _client.ReadAsync(slice, chunk.Offset + done, cancellationToken: cancellationToken).ConfigureAwait(false);
                done += slice.Length;
            }
        }
        catch (NbdException e)
        {
            throw _pull.ReadFailed(e);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _client.DisposeAsync();

    // Blocks that were data at the parent are copied, although they are called unchanged, where a cut has reached them. They are also
    // copied where the map calls them zero: they are read then, as a file system may be wrong about its holes.
    private static async IAsyncEnumerable<BlockRun> ToCopyAsync(IAsyncEnumerable<BlockRun> runs, HashLayers? parent, long cutFrom)
    {
        await foreach (var run in runs.ConfigureAwait(false))
        {
            if (run.IsMarked)
                yield return run;
            if (run.IsMarked || parent is null)
                continue;
            for (var block = run.HasData ? Math.Max(run.First, cutFrom) : run.First; block < run.End;)
            {
                var below = parent.At(block);
                var end = Math.Min(below.End, run.End);
                if (below.Kind == HashKind.Data)
                    yield return new BlockRun(block, end, HasData: true, IsMarked: true);
                block = end;
            }
        }
    }

    private Task<long> FindCutAsync(HashLayers parent, CancellationToken cancellationToken)
    {
        var chunk = new Chunk();
        return new CutProbe(_map, parent, async (block, token) =>
        {
            chunk.Place(new BlockRun(block, block + 1, HasData: true, IsMarked: false), Size);
            await ReadAsync(chunk, token).ConfigureAwait(false);
            return chunk.Bytes;
        }).FindAsync(cancellationToken);
    }
}
