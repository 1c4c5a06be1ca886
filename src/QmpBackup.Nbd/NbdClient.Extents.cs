using System.Runtime.CompilerServices;
using QmpBackup.Nbd.Wire;

namespace QmpBackup.Nbd;

public sealed partial class NbdClient
{
    /// <summary>Asks once for the status of a range (<c>NBD_CMD_BLOCK_STATUS</c>). The answer may be shorter or longer than the range.</summary>
    /// <param name="offset">Where, in bytes; a multiple of the minimum block size.</param>
    /// <param name="length">How many bytes, not 0; a multiple of the minimum block size. Below 4 GiB unless <see cref="ReplyMode"/> is extended.</param>
    /// <param name="flags"><see cref="NbdCommandFlags.RequestOne"/> or none.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentException">The range is not aligned or not within the export.</exception>
    /// <exception cref="NbdNotSupportedException">The server granted no metadata context.</exception>
    /// <exception cref="NbdException">The server answered with an error, timeout, or the connection is closed.</exception>
    public async ValueTask<NbdBlockStatus> BlockStatusAsync(
        ulong offset, ulong length, NbdCommandFlags flags = NbdCommandFlags.None, CancellationToken cancellationToken = default)
    {
        CheckStatus(offset, length);
        CheckFlags(flags, NbdCommandFlags.RequestOne, NbdCommand.BlockStatus);
        ArgumentOutOfRangeException.ThrowIfZero(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, MaxStatusLength);
        var collector = new StatusCollector(MetaContexts.Count, _options.MaxExtentsPerReply);
        await AskStatusAsync(collector, offset, length, flags, cancellationToken).ConfigureAwait(false);
        return collector.ToBlockStatus();
    }

    /// <summary>
    /// The status of a range as a stream: every byte in exactly one extent, in order, split wherever any context changes its flags. The map is never held
    /// whole; the next part of it is fetched while this one is used.
    /// </summary>
    /// <param name="offset">Where, in bytes; a multiple of the minimum block size.</param>
    /// <param name="length">How many bytes; a multiple of the minimum block size.</param>
    /// <param name="cancellationToken">Ends the stream.</param>
    /// <exception cref="ArgumentException">The range is not aligned or not within the export.</exception>
    /// <exception cref="NbdNotSupportedException">The server granted no metadata context.</exception>
    /// <exception cref="NbdException">The server answered with an error, timeout, or the connection is closed.</exception>
    public IAsyncEnumerable<NbdExtent> EnumerateExtentsAsync(ulong offset, ulong length, CancellationToken cancellationToken = default)
    {
        CheckStatus(offset, length);
        return EnumerateAsync(offset, offset + length, cancellationToken);
    }

    private const ulong FirstStatusLength = 64 << 20;
    private const ulong MinStatusLength = 1 << 20;
    private const int ManyExtents = 8192;

    /// <summary>With 32-bit lengths just below 4 GiB; without, what a server can look through before a request times out.</summary>
    private ulong MaxStatusLength => ReplyMode == NbdReplyMode.Extended ? 1UL << 40 : (1UL << 32) - 65536;

    private async IAsyncEnumerable<NbdExtent> EnumerateAsync(ulong position, ulong end, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (position == end)
            yield break;
        var cursor = new ExtentCursor(MetaContexts.Count);
        // A short range first, for the first extents to be here soon; then as long as a server can look through with little effort.
        var step = FirstStatusLength;
        var current = new StatusCollector(MetaContexts.Count, _options.MaxExtentsPerReply);
        var next = new StatusCollector(MetaContexts.Count, _options.MaxExtentsPerReply);
        using var abandoned = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var asking = AskFromAsync(current, position, end, step, abandoned.Token).AsTask();
        try
        {
            while (true)
            {
                await asking.ConfigureAwait(false);
                var covered = cursor.Load(current, position, end);
                if (covered <= position)
                    throw new NbdProtocolException("The NBD server broke the protocol: a block status covers less than one block.");
                step = current.Count > ManyExtents ? Math.Max(step / 2 / MinStatusLength * MinStatusLength, MinStatusLength) : Math.Min(step * 2, MaxStatusLength);
                asking = covered < end ? AskFromAsync(next, covered, end, step, abandoned.Token).AsTask() : Task.CompletedTask;
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
            // Left early: the request ahead is of no use to anyone, but must not go unobserved.
            await abandoned.CancelAsync().ConfigureAwait(false);
            await asking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private ValueTask AskFromAsync(StatusCollector collector, ulong position, ulong end, ulong step, CancellationToken cancellationToken)
    {
        // An answer may end anywhere, a request may not begin anywhere.
        var start = position & ~((ulong)Export.MinimumBlockSize - 1);
        return AskStatusAsync(collector, start, Math.Min(end - start, step), NbdCommandFlags.None, cancellationToken);
    }

    private ValueTask AskStatusAsync(StatusCollector collector, ulong offset, ulong length, NbdCommandFlags flags, CancellationToken cancellationToken)
    {
        collector.Reset(offset);
        // The context ids are those of the first connection.
        return _connections[0].ExecuteAsync(NbdCommand.BlockStatus, flags, offset, length, new RequestBuffers(Collector: collector), cancellationToken);
    }

    private void CheckStatus(ulong offset, ulong length)
    {
        if (MetaContexts.Count == 0)
        {
            throw new NbdNotSupportedException(
                "NBD_CMD_BLOCK_STATUS", "Block status needs a metadata context, and the server granted none of those asked for.");
        }

        CheckRange(offset, length);
    }
}
