using System.Collections.Immutable;
using QmpBackup.Planning;

namespace QmpBackup;

/// <summary>Plans the end of a backup as if it had never been started, from whatever is found of it.</summary>
internal static class AbortPlanner
{
    /// <summary>Plans it. Where nothing is open the plan has no steps.</summary>
    /// <param name="state">The VM.</param>
    public static BackupPlan Plan(VmState state)
    {
        var open = OpenBackup.Find(state);
        ImmutableArray<PlanStep> steps =
        [
            .. Teardown.OfSession(state, open),
            .. RollBackBitmaps(open),
            .. LeftFolders.OfInterrupted(state, open),
            .. Teardown.OfMark(state, open),
            // Last: where their file system hangs, the open backup is closed all the same.
            .. LeftFolders.Forgotten(state, open),
        ];
        var summary = steps.IsEmpty ? "No backup is open: nothing to do."
            : !open.IsOpen && !open.IsInterrupted ? "No backup is open. Remove the scratch folders of backups whose QEMU was killed."
            : open.IsOpen ? $"Close backup {open.Checkpoint} as if it had never been started."
            : $"Undo backup {open.Checkpoint}, which a restart of QEMU interrupted.";
        return new BackupPlan(PlanAction.Abort, summary, steps)
        {
            Remarks = [.. Teardown.Remarks(state, open), .. LeftFolders.Remarks(state, open)],
            Closed = Teardown.Harmful(state, open),
        };
    }

    /// <summary>Plans what is left to do once a backup is not open any more: nothing of another one that may be open is touched.</summary>
    /// <param name="state">The VM.</param>
    /// <param name="checkpoint">The backup that is not open any more.</param>
    internal static BackupPlan PlanLeftovers(VmState state, CheckpointId checkpoint) =>
        new(PlanAction.Abort, $"Backup {checkpoint} is not open any more.", [.. LeftFolders.Forgotten(state, OpenBackup.Find(state))]);

    /// <summary>The step that gives every recorded bit back, if there is any bitmap to be rolled back.</summary>
    /// <param name="open">What is there of ours.</param>
    internal static IEnumerable<PlanStep> RollBackBitmaps(OpenBackup open)
    {
        var actions = BitmapChange.RollBack(open.OpenBitmaps);
        if (!actions.IsEmpty)
        {
            yield return Steps.Transaction(
                "Give the bits back: the old bitmaps record again, and take over what was recorded since, all disks in one transaction.",
                    actions);
        }
    }
}
