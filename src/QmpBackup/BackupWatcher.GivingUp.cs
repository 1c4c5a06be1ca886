using QmpBackup.Model;
using QmpBackup.Qmp;
using QmpBackup.Qmp.Qapi;

namespace QmpBackup;

// How a backup is given up: its point in time at once, before anything is observed, then the rest of it as an abort does.
public sealed partial class BackupWatcher
{
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
}
