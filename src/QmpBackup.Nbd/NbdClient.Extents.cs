using System.Runtime.CompilerServices;
using QmpBackup.Nbd.Transmission;

namespace QmpBackup.Nbd;

public sealed partial class NbdClient
{
    /// <summary>
    /// Requests the status of a range once (<c>NBD_CMD_BLOCK_STATUS</c>). The answer may be shorter or longer than the range.
    /// </summary>
    /// <param name="offset">First byte; a multiple of the minimum block size.</param>
    /// <param name="length">
    /// Number of bytes, not 0; a multiple of the minimum block size. Less than 4 GiB unless <see cref="ReplyMode"/> is extended.
    /// </param>
    /// <param name="flags"><see cref="NbdCommandFlags.RequestOne"/> or none.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentException">The range is not aligned or not inside the export.</exception>
    /// <exception cref="NbdNotSupportedException">The server granted no metadata context.</exception>
    /// <exception cref="NbdException">The server answered with an error or not in time, or the connection is closed.</exception>
    public async ValueTask<NbdBlockStatus> BlockStatusAsync(
        long offset, long length, NbdCommandFlags flags = NbdCommandFlags.None, CancellationToken cancellationToken = default)
    {
        CheckStatus(offset, length);
        CheckFlags(flags, NbdCommandFlags.RequestOne, NbdCommand.BlockStatus);
        ArgumentOutOfRangeException.ThrowIfZero(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, MaxStatusLength);
        var collector = new StatusCollector(MetaContexts.Count, _options.MaxExtentsPerReply);
        await RequestStatusAsync(collector, offset, length, flags, cancellationToken).ConfigureAwait(false);
        return collector.ToBlockStatus();
    }

    /// <summary>
    /// Streams the status of a range. Each byte is in exactly one extent; extents are in order and end where any context changes its flags.
    /// The client never holds the whole map: it requests the next part while the caller uses the current one.
    /// </summary>
    /// <param name="offset">First byte; a multiple of the minimum block size.</param>
    /// <param name="length">Number of bytes; a multiple of the minimum block size.</param>
    /// <param name="cancellationToken">Ends the stream.</param>
    /// <exception cref="ArgumentException">The range is not aligned or not inside the export.</exception>
    /// <exception cref="NbdNotSupportedException">The server granted no metadata context.</exception>
    /// <exception cref="NbdException">The server answered with an error or not in time, or the connection is closed.</exception>
    public IAsyncEnumerable<NbdExtent> EnumerateExtentsAsync(long offset, long length, CancellationToken cancellationToken = default)
    {
        CheckStatus(offset, length);
        return EnumerateAsync(offset, offset + length, cancellationToken);
    }

    private const long FirstStatusLength = 64 << 20;
    private const long MinStatusLength = 1 << 20;
    private const int ManyExtents = 8192;

    /// <summary>
    /// Limit of one request in bytes: just below 4 GiB with 32-bit lengths, otherwise what a server can examine before the request times
    /// out.
    /// </summary>
    private long MaxStatusLength => ReplyMode == NbdReplyMode.Extended ? 1L << 40 : (1L << 32) - 65536;

    private async IAsyncEnumerable<NbdExtent> EnumerateAsync(
        long position, long end, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (position == end)
            yield break;
        var cursor = new ExtentCursor(MetaContexts.Count);
        // The first range is short, so that the first extents arrive soon. Later ranges grow as long as the server finds few extents in
        // them.
        var step = FirstStatusLength;
        var current = new StatusCollector(MetaContexts.Count, _options.MaxExtentsPerReply);
        var next = new StatusCollector(MetaContexts.Count, _options.MaxExtentsPerReply);
        using var abandoned = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var pending = RequestFromAsync(current, position, end, step, abandoned.Token).AsTask();
        try
        {
            while (true)
            {
                await pending.ConfigureAwait(false);
                var covered = cursor.Load(current, position, end);
                if (covered <= position)
                    throw new NbdProtocolException("The NBD server broke the protocol: a block status covers less than one block.");
                step = current.Count > ManyExtents
                    ? Math.Max(step / 2 / MinStatusLength * MinStatusLength, MinStatusLength)
                    : Math.Min(step * 2, MaxStatusLength);
                pending = covered < end ? RequestFromAsync(next, covered, end, step, abandoned.Token).AsTask() : Task.CompletedTask;
                while (cursor.TryNext(current, out var extent))
                    yield return extent;
                if (covered == end)
                    yield break;
                position = covered;
                (current, next) = (next, current);
            }
        }
        finally
        {
            // The caller may leave early. The request in flight is useless then, but its exception must be observed.
            await abandoned.CancelAsync().ConfigureAwait(false);
            await pending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private ValueTask RequestFromAsync(StatusCollector collector, long position, long end, long step, CancellationToken cancellationToken)
    {
        // An answer may end anywhere, but a request must begin at a block.
        var start = position & ~(Export.MinimumBlockSize - 1);
        return RequestStatusAsync(collector, start, Math.Min(end - start, step), NbdCommandFlags.None, cancellationToken);
    }

    private ValueTask RequestStatusAsync(
        StatusCollector collector, long offset, long length, NbdCommandFlags flags, CancellationToken cancellationToken)
    {
        collector.Reset(offset);
        // Context ids belong to a connection, and MetaContexts has those of the first.
        var buffers = new RequestBuffers(Collector: collector);
        return _connections[0].ExecuteAsync(NbdCommand.BlockStatus, flags, offset, length, buffers, cancellationToken);
    }

    private void CheckStatus(long offset, long length)
    {
        if (MetaContexts.Count == 0)
        {
            throw new NbdNotSupportedException(
                "NBD_CMD_BLOCK_STATUS", "Block status needs a metadata context, but the server granted none of those requested.");
        }

        CheckRange(offset, length);
    }
}
