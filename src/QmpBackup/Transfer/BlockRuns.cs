using System.Runtime.CompilerServices;
using QmpBackup.Hashes;
using QmpBackup.Nbd;

namespace QmpBackup.Transfer;

/// <summary>Makes whole blocks of extents, which may begin and end anywhere. Streams: neither map is ever held.</summary>
internal static class BlockRuns
{
    /// <summary>Reads an export's map.</summary>
    /// <param name="client">The export.</param>
    /// <param name="from">The first block.</param>
    /// <param name="to">The block behind the last; the disk's end where it is less.</param>
    /// <param name="allocation">The context that tells zeroes; null where there is none, and all may be data.</param>
    /// <param name="mark">The context that marks.</param>
    /// <param name="isMarked">Which flags of it mark; null to mark everything.</param>
    /// <param name="cancellationToken">Ends the stream.</param>
    public static async IAsyncEnumerable<BlockRun> OfAsync(
        NbdClient client, long from, long to, NbdMetaContext? allocation, NbdMetaContext? mark, Func<ulong, bool>? isMarked,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var blocks = Math.Min(HashBlock.Count(client.Export.Size), to);
        var size = Math.Min(client.Export.Size, blocks * HashBlock.Size);
        if (from >= blocks)
            yield break;
        if (allocation is null && mark is null)
        {
            yield return new BlockRun(from, blocks, HasData: true, IsMarked: true);
            yield break;
        }

        // The block that extents so far fill only in part.
        var part = new BlockRun(from, from, HasData: false, IsMarked: false);
        var offset = from * HashBlock.Size;
        await foreach (var extent in client.EnumerateExtentsAsync(offset, size - offset, cancellationToken).ConfigureAwait(false))
        {
            var data = allocation is null || (extent[allocation] & NbdMetaContext.StateZero) == 0;
            var marked = mark is null || isMarked is null || isMarked(extent[mark]);
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
