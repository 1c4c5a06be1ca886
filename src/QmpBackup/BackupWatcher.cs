using System.Text.Json;
using Microsoft.Extensions.Logging;
using QmpBackup.Host;
using QmpBackup.Model;
using QmpBackup.Qmp;

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
/// <remarks>A watch holds its connection, and a QMP socket serves one client: give the VM a second socket.</remarks>
public sealed class BackupWatcher
{
    private const int MaxReason = 200;

    private readonly BackupWorkflow _workflow;
    private readonly WatchOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private ScratchSpace? _space;
    private VmProcess? _process;

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
        var events = _workflow.Client.Subscribe("BLOCK_WRITE_THRESHOLD", "BLOCK_IO_ERROR", "STOP", "SHUTDOWN");
        await using (((IAsyncDisposable)events).ConfigureAwait(false))
        {
            var state = await _workflow.ObserveAsync(cancellationToken).ConfigureAwait(false);
            if (state.Note is not { } note)
                return WatchEnd.NothingOpen;
            _canHarm = GuestHarm.IsPossible(note, state.Features);
            _process = state.Process;
            _space = SpaceOf(note);
            await SetThresholdsAsync(note, _space, cancellationToken).ConfigureAwait(false);
            var isArmed = true;
            WatchLog.Watching(_logger, note.Checkpoint, _space?.Free ?? -1, _space?.Reserve ?? -1);
            string? danger = null;
            while (true)
            {
                try
                {
                    if (!isArmed)
                        await SetThresholdsAnewAsync(note, _space, cancellationToken).ConfigureAwait(false);
                    isArmed = true;
                    danger ??= await FindDangerAsync(note, _space, cancellationToken).ConfigureAwait(false);
                    if (danger is null && await NextAsync(events, cancellationToken).ConfigureAwait(false) is { } happened)
                    {
                        danger = FailureIn(happened, note);
                        if (danger is null && happened.Name == "BLOCK_WRITE_THRESHOLD" && IsOurs(happened))
                        {
                            // QEMU sends this event once. A disk may take more than its share if the others take less.
                            isArmed = _space is not { HasRoom: true };
                            if (!isArmed)
                                continue;
                            danger = $"the scratch has grown to what it may take{_space?.Look()?.Because}";
                        }
                    }

                    if (danger is not null)
                    {
                        if (await GiveUpAsync(note, danger).ConfigureAwait(false) is { } failure)
                            throw failure;
                        danger = null;
                    }

                    if (!await IsOpenAsync(note, cancellationToken).ConfigureAwait(false))
                        return WatchEnd.Closed;
                }
                catch (QmpTimeoutException e)
                {
                    // A QEMU that hangs may answer again, and a danger that was found before is still one.
                    WatchLog.NoAnswer(_logger, e);
                    cancellationToken.ThrowIfCancellationRequested();
                }
            }
        }
    }

    /// <summary>Looks once more, and aborts the backup if it has to.</summary>
    /// <param name="note">The backup.</param>
    /// <exception cref="BackupException">As for watching.</exception>
    internal async Task LookAsync(SessionNote note)
    {
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
            return _canHarm && happened.TryGetData(QmpEvents.BlockIOError, out var error) && error.Operation == IoOperationType.Write
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

    // Why the backup was given up; null if finish had begun, so that the backup is closed as finished.
    private async Task<BackupException?> GiveUpAsync(SessionNote note, string reason)
    {
        WatchLog.GivingUp(_logger, note.Checkpoint, reason);
        VmState? state = null;
        try
        {
            await LetGoAsync(note).ConfigureAwait(false);
            state = await _workflow.ObserveAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (QmpConnectionClosedException)
        {
            // The connection was lost. Abort opens a new one.
        }

        var isSafe = state?.Note is { Phase: SessionPhase.Finishing } now && now.Checkpoint == note.Checkpoint;
        if (isSafe)
        {
            await _workflow.FinishOfAsync(note.Checkpoint, state!.Note!.KeepBitmap).ConfigureAwait(false);
        }
        else
        {
            GivingUp?.Invoke();
            await _workflow.AbortOfAsync(note.Checkpoint).ConfigureAwait(false);
        }

        var harm = await DescribeHarmAsync(note).ConfigureAwait(false);
        if (isSafe)
            return harm is null ? null : BackupWorkflow.Harmed(harm, "The backup is closed, and the data that was read is correct");
        var resumed = state is not null
            && GuestHarm.HasStopped(state, OpenBackup.Find(state)) ? " The VM had stopped because of it and runs again." : "";
        var failed = harm is null || harm == reason ? "" : $" {harm}.";
        var check = harm is null ? "" : "Check the guest's file systems: what it could not write may be missing there. ";
        return new BackupException(
            BackupErrorCode.BackupFailed, $"Backup {note.Checkpoint} was given up to spare the VM: {reason}.{failed}{resumed}",
            Advice.Of($"No recorded change is lost: the next backup contains every change. {check}Give the scratch images more room: "
                + $"another directory with {Feature.ScratchDirectory}, or a higher limit where the reason names a quota or a limit on "
                + $"file sizes."));
    }

    // Acts without observing first: the guest goes on writing, and to observe takes longer than the room that is left may last. All names
    // follow from the checkpoint, so nothing else can be hit. The abort that follows observes, and removes the rest.
    private async Task LetGoAsync(SessionNote note)
    {
        foreach (var names in note.DiskNames)
        {
            // The export first: without its job it would go on serving, with live data.
            await TryAsync(_workflow.Client.BlockExportDelAsync(new BlockExportDelArguments
            {
                Id = names.Export,
                Mode = BlockExportRemoveMode.Hard
            }, CancellationToken.None)).ConfigureAwait(false);
            await TryAsync(_workflow.Client.JobCancelAsync(names.Job, CancellationToken.None)).ConfigureAwait(false);
        }
    }

    private static async Task TryAsync(Task command)
    {
        try
        {
            await command.ConfigureAwait(false);
        }
        catch (Exception e) when (e is QmpCommandException or QmpTimeoutException)
        {
            // The next command may still work, and abort handles what is left.
        }
    }

    private static bool IsOurs(QmpEvent threshold) => threshold.Data is { ValueKind: JsonValueKind.Object } data
        && data.TryGetProperty("node-name", out var node) && node.ValueKind == JsonValueKind.String
            && SessionNames.IsOurs(node.GetString());

    private async Task<bool> IsOpenAsync(SessionNote note, CancellationToken cancellationToken)
    {
        if (await HasExportsAsync(note, cancellationToken).ConfigureAwait(false))
            return true;
        var open = OpenBackup.Find(await _workflow.ObserveAsync(cancellationToken).ConfigureAwait(false));
        return open.IsOpen && open.Checkpoint == note.Checkpoint;
    }

    private async Task<bool> HasExportsAsync(SessionNote note, CancellationToken cancellationToken)
    {
        var ours = note.DiskNames.Select(n => n.Export).ToHashSet();
        return (await _workflow.Client.QueryBlockExportsAsync(cancellationToken).ConfigureAwait(false)).Any(e => ours.Contains(e.Id));
    }

    private async Task<string?> DescribeHarmAsync(SessionNote note)
    {
        try
        {
            return _canHarm && note.Disks.Any(d => d.FailedWrites is not null)
                ? GuestHarm.Describe(note, await FailedWrites.ReadAsync(_workflow.Client, CancellationToken.None).ConfigureAwait(false))
                    : null;
        }
        catch (QmpException)
        {
            // The backup is given up, and the caller says so.
            return null;
        }
    }

    private async Task<bool> HasStoppedAsync(CancellationToken cancellationToken)
    {
        try
        {
            // Observes only if the VM has stopped.
            if ((await _workflow.Client.QueryStatusAsync(cancellationToken).ConfigureAwait(false)).Status.Value != "io-error")
                return false;
            var state = await _workflow.ObserveAsync(cancellationToken).ConfigureAwait(false);
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
