using QmpBackup.Execution;
using QmpBackup.Model;
using QmpBackup.Observing;
using QmpBackup.Planning;
using QmpBackup.Qmp;

namespace QmpBackup;

// How a backup is closed: planned again if QEMU refuses a step, over a new connection if the first is lost, and rolled back if a start
// fails.
public sealed partial class BackupWorkflow
{
    /// <summary>Makes sure that the point in time of this backup is still held.</summary>
    /// <param name="id">The backup.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <exception cref="BackupException">
    /// The point in time was lost, another backup is open, or no backup is open (<see cref="BackupErrorCode.NothingOpen"/>).
    /// </exception>
    internal async Task RequireHeldAsync(CheckpointId id, CancellationToken cancellationToken)
    {
        var state = await ObserveAsync(ObservationScope.Closing, cancellationToken).ConfigureAwait(false);
        if ((IsOpen(state, id) ? FinishPlanner.FindLossWhileRead(state, OpenBackup.Find(state)) : NotOpen(id)) is { } loss)
            throw loss;
    }

    /// <summary>Closes this backup and no other: its data is safe. If the connection is lost, opens a new one.</summary>
    /// <param name="id">The backup.</param>
    /// <param name="keepBitmap">Whether the old bitmaps are kept.</param>
    internal Task<BackupPlan> FinishOfAsync(CheckpointId id, bool keepBitmap) =>
        RunAsync(async token =>
        {
            var state = await ObserveAsync(ObservationScope.Closing, token).ConfigureAwait(false);
            return IsOpen(state, id) ? FinishPlanner.Plan(state, keepBitmap) : throw NotOpen(id);
        }, CancellationToken.None, reconnects: true);

    /// <summary>
    /// Closes this backup and no other, as if it had never been started. If the connection is lost, opens a new one.
    /// </summary>
    /// <param name="id">The backup.</param>
    internal Task<BackupPlan> AbortOfAsync(CheckpointId id) => RunAsync(async token =>
    {
        var state = await ObserveAsync(ObservationScope.Closing, token).ConfigureAwait(false);
        return IsOpen(state, id) ? AbortPlanner.Plan(state) : AbortPlanner.PlanLeftovers(state, id);
    }, CancellationToken.None, reconnects: true);

    /// <summary>The error for a backup that made writes of the guest fail.</summary>
    /// <param name="harm">Which writes failed, in a clause.</param>
    /// <param name="outcome">What happened to the backup, in a clause.</param>
    internal static BackupException Harmed(string harm, string outcome) => new(BackupErrorCode.BackupFailed, $"{harm}. {outcome}.",
        "Check the guest's file systems: what it could not write may be missing there. Find out why its scratch image could not grow (a "
            + "quota, a limit on file sizes, an error of the storage), and use another scratch directory.");

    private static BackupException NotOpen(CheckpointId id) => new BackupException(BackupErrorCode.NothingOpen,
        $"Backup {id} is not open any more: another client has closed it.", Advice.Of($"{Feature.Status} shows what is open now."));

    // Without a note, and for a copy without bitmaps, the names of its jobs, exports and nodes still tell whose they are.
    private static bool IsOpen(VmState state, CheckpointId id)
    {
        var open = OpenBackup.Find(state);
        return open.Checkpoint == id
            || (open.Note is null
                && open.Jobs.Select(j => j.Id).Concat(open.Exports.Select(e => e.Id)).Concat(open.Nodes.Select(n => n.Name))
                .Any(name => SessionNames.TryParse(name, out var tag, out _) && tag == id.Tag));
    }

    // A command without an answer counts as a loss, too: QEMU may still be busy with it, and a new connection shows the outcome.
    private static bool IsLoss(Exception failure) =>
        (failure as QmpException ?? failure.InnerException as QmpException) is { } and not QmpCommandException;

    private async Task<BackupPlan> RunAsync(
        Func<CancellationToken, Task<BackupPlan>> makePlan, CancellationToken cancellationToken, bool reconnects = false)
    {
        BackupPlan? first = null;
        var isLost = false;
        await using var held =
            (await Monitor.HoldAsync(cancellationToken, takesAnyProcess: reconnects).ConfigureAwait(false)).ConfigureAwait(false);
        for (int plans = 1, connections = 0; ;)
        {
            try
            {
                if (reconnects && (isLost || Client.Completion.IsCompleted))
                {
                    connections++;
                    await Monitor.ReconnectAsync().ConfigureAwait(false);
                    isLost = false;
                }

                var plan = await makePlan(cancellationToken).ConfigureAwait(false);
                first ??= plan;
                await NewExecutor().RunAsync(plan, cancellationToken).ConfigureAwait(false);
                return first with { Harm = await FindHarmAsync(first.Closed).ConfigureAwait(false) };
            }
            catch (BackupException e) when (e.Code == BackupErrorCode.NothingOpen && first is not null)
            {
                return first;
            }
            catch (BackupException e) when (e.Code == BackupErrorCode.CommandRefused && plans < MaxPlans)
            {
                plans++;
                WorkflowLog.PlanRefused(_logger, e);
            }
            catch (Exception e) when (reconnects && IsLoss(e) && connections < MaxConnections)
            {
                // A lost connection is not always seen at once, and QEMU may still serve the old one when the new one comes.
                isLost = true;
                WorkflowLog.ConnectionLost(_logger, e);
            }
        }
    }

    // Asked after everything is closed, so that it counts all failures. Without an answer the backup is closed anyway.
    private async Task<string?> FindHarmAsync(SessionNote? note)
    {
        try
        {
            return note is null || note.Disks.All(d => d.FailedWrites is null) ? null
                : GuestHarm.Describe(note, await FailedWrites.ReadAsync(Client, CancellationToken.None).ConfigureAwait(false));
        }
        catch (QmpException e)
        {
            WorkflowLog.HarmUnknown(_logger, e);
            return null;
        }
    }

    // What could not be undone, in words; null if everything was undone.
    private async Task<string?> RollBackAsync(PlanExecutor executor, CheckpointId id)
    {
        try
        {
            if (!executor.IsUncertain)
            {
                await executor.UndoAsync().ConfigureAwait(false);
                return null;
            }
        }
        catch (Exception e) when (e is BackupException or QmpException)
        {
            WorkflowLog.UndoFailed(_logger, e);
        }

        try
        {
            // The journal may be incomplete, QEMU is not: observe again. Steps before the note leave nothing of this backup, and the note
            // of another backup means that nothing of this one is there.
            await AbortOfAsync(id).ConfigureAwait(false);
            return null;
        }
        catch (Exception e) when (e is BackupException or QmpException)
        {
            return e.Message;
        }
    }

    private async Task<Exception> CombineAsync(Exception failure, string? left)
    {
        var known = StepFailure.Explain(failure) as BackupException;
        if (left is not null)
        {
            return new BackupException(known?.Code ?? BackupErrorCode.BackupFailed,
                $"{known?.Message ?? "The start was interrupted."} And not all could be rolled back: {left}",
                Advice.Of($"Run {Feature.Abort} as soon as the VM answers: it finds what is left."), failure);
        }

        if (known is null)
            return failure;
        if (known.Code == BackupErrorCode.CommandRefused && await IsSomebodyElsesOpenAsync().ConfigureAwait(false))
        {
            return new BackupException(BackupErrorCode.Busy, "Another backup of this VM was opened at the same moment.",
                Advice.Of($"{Feature.Status} shows it."), failure);
        }

        return new BackupException(known.Code, known.Message, known.Remedy, failure);
    }

    // This backup is rolled back: a note that is there now belongs to another one, which was the reason for the refusal.
    private async Task<bool> IsSomebodyElsesOpenAsync()
    {
        try
        {
            return (await ObserveAsync(ObservationScope.Closing, CancellationToken.None).ConfigureAwait(false)).HasNote;
        }
        catch (QmpException)
        {
            return false;
        }
    }
}
