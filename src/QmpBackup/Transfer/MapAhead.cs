using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace QmpBackup.Transfer;

/// <summary>Takes a disk's map ahead of the copy, as far as a bounded number of runs reaches: so it is known early how much has to be read.</summary>
/// <param name="meter">Learns it; what <paramref name="expected"/> says is in its total.</param>
/// <param name="size">The disk's size, in bytes.</param>
/// <param name="expected">How much of the disk is expected to be in the map, in bytes.</param>
internal sealed class MapAhead(ProgressMeter meter, long size, long expected)
{
    // 24 bytes each.
    private const int MaxRuns = 1 << 16;

    private long _expected = expected;

    /// <summary>Passes the map on.</summary>
    /// <param name="runs">The runs that are to be copied, in order.</param>
    /// <param name="cancellationToken">Ends the stream.</param>
    public async IAsyncEnumerable<BlockRun> ReadAsync(IAsyncEnumerable<BlockRun> runs, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var ahead = Channel.CreateBounded<BlockRun>(new BoundedChannelOptions(MaxRuns) { SingleReader = true, SingleWriter = true });
        var taking = Task.Run(() => TakeAsync(runs, ahead.Writer, stop.Token), CancellationToken.None);
        try
        {
            await foreach (var run in ahead.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
                yield return run;
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await taking.ConfigureAwait(false);
        }
    }

    private async Task TakeAsync(IAsyncEnumerable<BlockRun> runs, ChannelWriter<BlockRun> writer, CancellationToken cancellationToken)
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
#pragma warning disable CA1031 // It is the reader's, whatever it is.
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
