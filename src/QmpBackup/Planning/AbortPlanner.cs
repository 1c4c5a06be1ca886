using System.Collections.Immutable;
using QmpBackup.Observe;
using QmpBackup.Qmp;
using QmpBackup.Sessions;

namespace QmpBackup.Planning;

/// <summary>Plans the end of a backup as if it had never been started, from whatever is found of it.</summary>
public static class AbortPlanner
{
    /// <summary>Plans it. Where nothing is open the plan has no steps.</summary>
    /// <param name="state">The VM.</param>
    public static BackupPlan Plan(VmState state)
    {
        var open = OpenBackup.Find(state);
        ImmutableArray<PlanStep> steps = [.. Teardown.OfSession(state, open), .. RollBackBitmaps(open), .. Teardown.OfMark(open)];
        var summary = steps.IsEmpty ? "No backup is open: nothing to do."
            : open.IsOpen ? $"Close backup {open.Checkpoint} as if it had never been started."
            : $"Undo backup {open.Checkpoint}, which a restart of QEMU interrupted.";
        return new BackupPlan(PlanAction.Abort, summary, steps) { Remarks = Teardown.Remarks(open) };
    }

    /// <summary>The step that gives every recorded bit back, if there is any bitmap to be rolled back.</summary>
    /// <param name="open">What is there of ours.</param>
    internal static IEnumerable<PlanStep> RollBackBitmaps(OpenBackup open)
    {
        ImmutableArray<TransactionAction> actions = [.. open.OpenBitmaps.SelectMany(b => BitmapChange.RollBack(b.Node, b.Bitmap))];
        if (!actions.IsEmpty)
        {
            yield return Steps.Transaction(
                "Give the bits back: the old bitmaps record again, and take over what was recorded since, all disks in one transaction.", actions);
        }
    }
}
