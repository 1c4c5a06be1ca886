using System.Text.Json;
using QmpBackup.Execution;
using QmpBackup.Qmp;
using QmpBackup.Transfer;

namespace QmpBackup;

/// <summary>Looks at the guest while its disks are read, and slows the reading down so that the guest keeps its speed.</summary>
internal sealed class GuestPacer : IAsyncDisposable
{
    private static readonly string[] Operations =
        ["rd_operations", "wr_operations", "flush_operations", "unmap_operations"];

    private static readonly string[] Times = ["rd_total_time_ns", "wr_total_time_ns", "flush_total_time_ns", "unmap_total_time_ns"];

    private readonly MonitorLease _monitor;
    private readonly TimeProvider _time;
    private readonly PaceController _controller;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _looking;

    private GuestPacer(MonitorLease monitor, PaceController controller, TimeProvider time)
    {
        (_monitor, _controller, _time, Gate) = (monitor, controller, time, new ReadGate(time));
        _looking = Task.Run(LookAsync);
    }

    /// <summary>Lets reads through.</summary>
    public ReadGate Gate { get; }

    /// <summary>Starts looking.</summary>
    /// <param name="workflow">The VM.</param>
    /// <param name="state">What it looked like.</param>
    /// <param name="options">How it is pulled.</param>
    /// <returns>Null where the guest is not to be spared, or cannot be looked at: a storage daemon has no guest.</returns>
    public static GuestPacer? TryStart(BackupWorkflow workflow, VmState state, PullOptions options) =>
        options.Impact == GuestImpact.None || state.RunState is null ? null
            : new GuestPacer(workflow.Monitor, options.Impact == GuestImpact.Low
                ? new PaceController(keep: 0.9, floor: 1 << 20) : new PaceController(keep: 0.75, floor: 8 << 20), options.TimeProvider);

    /// <summary>Stops looking. Nothing is read any more.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _looking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Gate.Dispose();
    }

    private async Task LookAsync()
    {
        for (var (since, bytes) = (_time.GetTimestamp(), 0L); ;)
        {
            try
            {
                var load = await ReadAsync(_stop.Token).ConfigureAwait(false);
                var (now, read) = (_time.GetTimestamp(), Gate.Bytes);
                _controller.Observe(load, _time.GetElapsedTime(since, now), read - bytes);
                (since, bytes) = (now, read);
            }
            catch (Exception e) when (e is QmpException or BackupException)
            {
                // The watch says what is wrong with the connection.
                _controller.Miss();
            }

            Gate.Pace = _controller.Pace;
            await Task.Delay(_controller.Next, _time, _stop.Token).ConfigureAwait(false);
        }
    }

    private async Task<GuestLoad> ReadAsync(CancellationToken cancellationToken)
    {
        await using var held = (await _monitor.HoldAsync(cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        var answer = await _monitor.Client.ExecuteAsync(QmpRequest.Raw("query-blockstats"), cancellationToken).ConfigureAwait(false);
        var load = default(GuestLoad);
        if (answer.ValueKind != JsonValueKind.Array)
            return load;
        foreach (var device in answer.EnumerateArray())
        {
            // A device without a disk has counters, too, and they stay zero.
            if (device.ValueKind == JsonValueKind.Object && device.TryGetProperty("stats", out var stats)
                && stats.ValueKind == JsonValueKind.Object)
            {
                load = new GuestLoad(
                    load.Operations + Operations.Sum(n => Count(stats, n)), load.Nanoseconds + Times.Sum(n => Count(stats, n)));
            }
        }

        return load;
    }

    private static long Count(JsonElement stats, string name) =>
        stats.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number
            && value.TryGetInt64(out var count) && count is >= 0 and < 1L << 60 ? count : 0;
}
