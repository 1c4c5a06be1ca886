using QmpBackup.Hashes;
using QmpBackup.Transfer;

namespace QmpBackup.Repository.Operations;

/// <summary>
/// Finds what was cut off a disk. QEMU marks nothing when a disk is made smaller and then as large as before, and its map may still call
/// the end data. Every such cut reaches to the end of the disk, and what comes back is zero. So the last block that is data at the parent
/// and not marked since decides: if it is unchanged, no cut has reached it, and everything before it is safe. Where nothing was cut, one
/// block is read; where something was, what was cut.
/// </summary>
/// <param name="map">The export's map, which marks what changed since the parent.</param>
/// <param name="parent">The parent's hashes.</param>
/// <param name="readAsync">Reads the block with this number. Its bytes are valid until the next call.</param>
internal sealed class CutProbe(BlockMap map, HashLayers parent, Func<long, CancellationToken, ValueTask<ReadOnlyMemory<byte>>> readAsync)
{
    private const long FirstStretch = 1024;
    private const int MaxAtOnce = 16 * 1024;

    /// <summary>Searches backwards from the end of the disk.</summary>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>
    /// The first block that a cut may have reached: from it on, every block that is data at the parent and not marked has changed.
    /// </returns>
    public async Task<long> FindAsync(CancellationToken cancellationToken)
    {
        var end = HashBlock.Count(map.Client.Export.Size);
        var stretch = FirstStretch;
        while (end > 0)
        {
            var (first, found) = await LastUnmarkedAsync(Math.Max(0, end - stretch), end, cancellationToken).ConfigureAwait(false);
            for (var i = found.Count - 1; i >= 0; i--)
            {
                if (await IsUnchangedAsync(found[i].Block, found[i].Hash, cancellationToken).ConfigureAwait(false))
                    return found[i].Block + 1;
            }

            end = first;
            // The end of most disks is empty, so each stretch is twice as long as the one before.
            stretch *= 2;
        }

        return 0;
    }

    // The last blocks of a stretch that are data at the parent and not marked since, and the block before which the search continues.
    private async Task<(long First, List<(long Block, BlockHash Hash)> Found)> LastUnmarkedAsync(
        long begin, long end, CancellationToken cancellationToken)
    {
        var found = new Queue<(long Block, BlockHash Hash)>();
        var first = begin;
        var marks = map with { Allocation = null };
        await foreach (var run in marks.ReadAsync(begin, end, cancellationToken).ConfigureAwait(false))
        {
            if (run.IsMarked)
                continue;
            for (var block = run.First; block < run.End;)
            {
                var below = parent.At(block);
                var until = Math.Min(below.End, run.End);
                for (; below.Kind == HashKind.Data && block < until; block++)
                {
                    if (found.Count == MaxAtOnce)
                        first = found.Dequeue().Block + 1;
                    found.Enqueue((block, below.Hashes![block]));
                }

                block = until;
            }
        }

        return (first, [.. found]);
    }

    private async ValueTask<bool> IsUnchangedAsync(long block, BlockHash hash, CancellationToken cancellationToken)
    {
        var bytes = await readAsync(block, cancellationToken).ConfigureAwait(false);
        return !HashBlock.IsZero(bytes.Span) && BlockHash.Of(bytes.Span) == hash;
    }
}
