using System.Text.Json;
using Microsoft.Extensions.Logging;
using QmpBackup.Execution;
using QmpBackup.Host;
using QmpBackup.Model;
using QmpBackup.Observing;
using QmpBackup.Qmp;
using QmpBackup.Qmp.Qapi;

namespace QmpBackup;

/// <summary>How a watch ended without a problem.</summary>
public enum WatchEnd
{
    /// <summary>No backup was open.</summary>
    NothingOpen,

    /// <summary>The backup was closed.</summary>
    Closed,
}

/// <summary>
/// Guards an open backup and aborts it before it harms the VM. With QEMU before 10.1, and with overlays, a scratch image that cannot grow
/// fails the guest's writes. So the backup is aborted while there is still room, or at the first write that fails. A VM that stopped
/// because of it runs again afterwards.
/// </summary>
/// <remarks>
/// A QMP socket serves one client at a time. A watch uses a monitor of its own where QEMU can make one, and else connects at every look:
/// others get their turn. It keeps the connection where the room gets short, and with <see cref="BackupWorkflowOptions.HoldsMonitor"/>.
/// </remarks>
public sealed partial class BackupWatcher
{
    private const int MaxReason = 200;

    // Looks in a row that a lost connection ended.
    private const int MostFailures = 5;

    // How often the room is looked at while there is no connection: a guest writes 256 MiB in a few of these at most.
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(100);

    private readonly BackupWorkflow _workflow;
    private readonly WatchOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private ScratchSpace? _space;
    private VmProcess? _process;
    private string? _danger;

    // Whether the backup can make writes of the guest fail.
    private bool _canHarm = true;

    /// <summary>A watcher over the VM of <paramref name="workflow"/>.</summary>
    /// <param name="workflow">The connection to the VM, for the watcher alone.</param>
    /// <param name="options">How to watch; null for the defaults.</param>
    public BackupWatcher(BackupWorkflow workflow, WatchOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(workflow);
        _workflow = workflow;
        _options = options ?? new WatchOptions();
        _time = workflow.Options.TimeProvider;
        _logger = workflow.Options.LoggerFactory.CreateLogger<BackupWatcher>();
    }

    private MonitorLease Monitor => _workflow.Monitor;

    /// <summary>
    /// Called after the exports are removed and before the NBD server is stopped: QEMU 7.2, and the VM with it, would wait there for a
    /// client that is connecting.
    /// </summary>
    internal Action? GivingUp { get; init; }

    /// <summary>Watches until the backup is closed.</summary>
    /// <param name="cancellationToken">Ends the watching; the backup stays open.</param>
    /// <returns>How it ended.</returns>
    /// <exception cref="BackupException">
    /// The backup was given up (<see cref="BackupErrorCode.BackupFailed"/>). No recorded change is lost.
    /// </exception>
    public async Task<WatchEnd> WatchAsync(CancellationToken cancellationToken = default)
    {
        using var free = Monitor.LetGo();
        if (await BeginAsync(cancellationToken).ConfigureAwait(false) is not { } note)
            return WatchEnd.NothingOpen;
        for (var failures = 0; ;)
        {
            try
            {
                if (await VisitAsync(note, cancellationToken).ConfigureAwait(false))
                    return WatchEnd.Closed;
                failures = 0;
            }
            catch (Exception e) when (
                e is QmpTimeoutException or QmpConnectException { Reason: QmpConnectFailure.NoGreeting or QmpConnectFailure.Timeout }
                || (e is QmpConnectionClosedException or QmpConnectException { Reason: QmpConnectFailure.Negotiation }
                    && Monitor.Returns && ++failures < MostFailures))
            {
                // A QEMU that hangs may answer again, another client may leave, and a danger that was found before is still one.
                WatchLog.NoAnswer(_logger, e);
                cancellationToken.ThrowIfCancellationRequested();
            }

            await StayAwayAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<SessionNote?> BeginAsync(CancellationToken cancellationToken)
    {
        await using var held = (await Monitor.HoldAsync(cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        var state = await _workflow.ObserveAsync(ObservationScope.Closing, cancellationToken).ConfigureAwait(false);
        if (state.Note is not { } note)
            return null;
        _canHarm = GuestHarm.IsPossible(note, state.Features);
        _process = state.Process;
        _space = SpaceOf(note);
        WatchLog.Watching(_logger, note.Checkpoint, _space?.Free ?? -1, _space?.Reserve ?? -1);
        var options = new QmpClientOptions { LoggerFactory = _workflow.Options.LoggerFactory, TimeProvider = _time };
        await Monitor.MoveAsync(client => OwnMonitor.TryOpenAsync(client, state, note, options, _logger)).ConfigureAwait(false);
        return note;
    }

    // Looks, and stays as long as others need not be let in, or must not be. True once the backup is closed.
    private async Task<bool> VisitAsync(SessionNote note, CancellationToken cancellationToken)
    {
        await using var held = (await Monitor.HoldAsync(cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        var events = _workflow.Client.Subscribe("BLOCK_WRITE_THRESHOLD", "BLOCK_IO_ERROR", "STOP", "SHUTDOWN");
        await using var listening = ((IAsyncDisposable)events).ConfigureAwait(false);
        for (var isArmed = false; ;)
        {
            // Asked once: whoever stays has armed the events, and then looked.
            var stays = !MayLeave;
            if (stays && !isArmed)
                await SetThresholdsAnewAsync(note, _space, cancellationToken).ConfigureAwait(false);
            isArmed = stays;
            _danger ??= await FindDangerAsync(note, _space, cancellationToken).ConfigureAwait(false);
            if (_danger is null && stays && await NextAsync(events, cancellationToken).ConfigureAwait(false) is { } happened)
            {
                _danger = FailureIn(happened, note);
                if (_danger is null && happened.Name == "BLOCK_WRITE_THRESHOLD" && IsOurs(happened))
                {
                    // QEMU sends this event once. A disk may take more than its share if the others take less.
                    isArmed = _space is not { HasRoom: true };
                    if (!isArmed)
                        continue;
                    _danger = $"the scratch has grown to what it may take{_space?.Look()?.Because}";
                }
            }

            if (_danger is not null)
            {
                if (await GiveUpAsync(note, _danger).ConfigureAwait(false) is { } failure)
                    throw failure;
                _danger = null;
            }

            if (!await IsOpenAsync(note, cancellationToken).ConfigureAwait(false))
                return true;
            if (!stays)
                return false;
        }
    }

    // Whether events of QEMU may be missed: the guest cannot be harmed, or there is so much room that looking at it now and then is enough.
    private bool MayLeave => Monitor.IsLetGo && (!_canHarm || _space is null or { IsAmple: true });

    // Without a connection the room can still be seen.
    private async Task StayAwayAsync(CancellationToken cancellationToken)
    {
        var since = _time.GetTimestamp();
        while (MayLeave && _danger is null && _options.Interval - _time.GetElapsedTime(since) is { Ticks: > 0 } left)
            await Task.Delay(left < Glance ? left : Glance, _time, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Looks once more, and aborts the backup if it has to.</summary>
    /// <param name="note">The backup.</param>
    /// <exception cref="BackupException">As for watching.</exception>
    internal async Task LookAsync(SessionNote note)
    {
        await using var held = (await Monitor.HoldAsync(CancellationToken.None).ConfigureAwait(false)).ConfigureAwait(false);
        // The reserve is known from the beginning of the watch: by now there may be no free space to take a share of.
        if (await FindDangerAsync(note, _space ?? SpaceOf(note), CancellationToken.None).ConfigureAwait(false) is { } danger
            && await GiveUpAsync(note, danger).ConfigureAwait(false) is { } failure)
        {
            throw failure;
        }
    }

    /// <summary>Looks once more, and aborts the backup if writes of the guest failed because of it.</summary>
    /// <param name="note">The backup.</param>
    /// <exception cref="BackupException">As for watching.</exception>
    internal async Task LookForHarmAsync(SessionNote note)
    {
        await using var held = (await Monitor.HoldAsync(CancellationToken.None).ConfigureAwait(false)).ConfigureAwait(false);
        if (await FindHarmAsync(note, CancellationToken.None).ConfigureAwait(false) is { } harm
            && await GiveUpAsync(note, harm).ConfigureAwait(false) is { } failure)
        {
            throw failure;
        }
    }

    // Over TCP a path of that name on this host does not belong to QEMU.
    private ScratchSpace? SpaceOf(SessionNote note) =>
        _workflow.Client.PeerCredentials is null ? null : ScratchSpace.Of(note, _process, _options.Reserve);

    // QEMU sends an event as soon as an image grows past its threshold: polling would be too slow for a guest that writes fast.
    private async Task SetThresholdsAsync(SessionNote note, ScratchSpace? space, CancellationToken cancellationToken)
    {
        if (space is null || note.Fleecing != Fleecing.Overlay)
            return;
        foreach (var (disk, names) in note.Disks.Zip(note.DiskNames))
        {
            var used = File.Exists(disk.Scratch) ? new FileInfo(disk.Scratch).Length : 0;
            await _workflow.Client.BlockSetWriteThresholdAsync(
                new BlockSetWriteThresholdArguments
                {
                    NodeName = names.OverlayFile,
                    WriteThreshold = Math.Max(1, used + space.RoomFor(note.Disks.Length))
                },
                cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task SetThresholdsAnewAsync(SessionNote note, ScratchSpace? space, CancellationToken cancellationToken)
    {
        try
        {
            await SetThresholdsAsync(note, space, cancellationToken).ConfigureAwait(false);
        }
        catch (QmpCommandException)
        {
            // The image is gone: another program is closing the backup.
        }
    }

    private async Task<string?> FindDangerAsync(SessionNote note, ScratchSpace? space, CancellationToken cancellationToken)
    {
        if (space?.Look() is { } left && (left.Bytes < space.Reserve || left.Bytes == 0))
        {
            return $"the scratch at {Path.GetDirectoryName(note.Disks[0].Scratch)} is running full: {left.Bytes} bytes are "
                + $"left{left.Because}, {space.Reserve} must stay free";
        }

        var jobs = await _workflow.Client.QueryJobsAsync(cancellationToken).ConfigureAwait(false);
        var ended = jobs.FirstOrDefault(
            j => SessionNames.IsOurs(j.Id) && j.Type.Value == "backup" && !new VmJob(j.Id, "", j.Status.Value).IsAlive);
        // Closing a backup removes the exports first: a job that ends after that is no loss.
        if (ended is not null && await HasExportsAsync(note, cancellationToken).ConfigureAwait(false))
            return $"the point in time was lost: job {ended.Id} has ended{(ended.Error is null ? "" : $" ({ended.Error})")}";
        return await FindHarmAsync(note, cancellationToken).ConfigureAwait(false);
    }

    // Events may have come before this watch. QEMU's counters and state remain.
    private async Task<string?> FindHarmAsync(SessionNote note, CancellationToken cancellationToken)
    {
        if (!_canHarm)
            return null;
        if (note.Disks.Any(d => d.FailedWrites is not null)
            && GuestHarm.Describe(
                note, await FailedWrites.ReadAsync(_workflow.Client, cancellationToken).ConfigureAwait(false)) is { } harm)
        {
            return harm;
        }

        return await HasStoppedAsync(cancellationToken).ConfigureAwait(false) ? "the VM stopped because a write failed" : null;
    }

    // While a backup job runs, QEMU names the job's filter, whatever node has failed. A read does not touch the scratch image.
    private string? FailureIn(QmpEvent happened, SessionNote note)
    {
        try
        {
            return _canHarm && happened.TryGetData<BlockIOErrorEvent>(out var error) && error.Operation == IoOperationType.Write
                && GuestHarm.FindDisk(note, error.NodeName) is { } disk
                ? $"a write of the guest to disk {disk.Name} "
                    + $"failed{(error.Reason is { Length: > 0 and <= MaxReason } reason ? $": {reason}" : "")}" : null;
        }
        catch (QmpProtocolException)
        {
            // The statistics show what the event does not say.
            return null;
        }
    }

    private static bool IsOurs(QmpEvent threshold) => threshold.Data is { ValueKind: JsonValueKind.Object } data
        && data.TryGetProperty("node-name", out var node) && node.ValueKind == JsonValueKind.String
            && SessionNames.IsOurs(node.GetString());

    private async Task<bool> IsOpenAsync(SessionNote note, CancellationToken cancellationToken)
    {
        if (await HasExportsAsync(note, cancellationToken).ConfigureAwait(false))
            return true;
        var open = OpenBackup.Find(await _workflow.ObserveAsync(ObservationScope.Closing, cancellationToken).ConfigureAwait(false));
        return open.IsOpen && open.Checkpoint == note.Checkpoint;
    }

    private async Task<bool> HasExportsAsync(SessionNote note, CancellationToken cancellationToken)
    {
        var ours = note.DiskNames.Select(n => n.Export).ToHashSet();
        return (await _workflow.Client.QueryBlockExportsAsync(cancellationToken).ConfigureAwait(false)).Any(e => ours.Contains(e.Id));
    }

    private async Task<bool> HasStoppedAsync(CancellationToken cancellationToken)
    {
        try
        {
            // Observes only if the VM has stopped.
            if ((await _workflow.Client.QueryStatusAsync(cancellationToken).ConfigureAwait(false)).Status.Value != "io-error")
                return false;
            var state = await _workflow.ObserveAsync(ObservationScope.Closing, cancellationToken).ConfigureAwait(false);
            return GuestHarm.HasStopped(state, OpenBackup.Find(state));
        }
        catch (QmpCommandException)
        {
            // A storage daemon has no VM that could stop.
            return false;
        }
    }

    // The next event; null when it is time to look again.
    private async Task<QmpEvent?> NextAsync(QmpEventSubscription events, CancellationToken cancellationToken)
    {
        try
        {
            return await events.WaitForEventAsync(static _ => true, _options.Interval, cancellationToken).ConfigureAwait(false);
        }
        catch (QmpTimeoutException)
        {
            return null;
        }
    }
}
