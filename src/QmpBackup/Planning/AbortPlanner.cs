using System.Collections.Immutable;
using QmpBackup.Planning;

namespace QmpBackup;

/// <summary>Plans the end of a backup as if it had never been started, from whatever is found of it.</summary>
public static class AbortPlanner
{
    /// <summary>Plans it. Where nothing is open the plan has no steps.</summary>
    /// <param name="state">The VM.</param>
    public static BackupPlan Plan(VmState state) => Plan(state, StartRequest.DefaultScratchDirectory);

    /// <inheritdoc cref="Plan(VmState)"/>
    /// <param name="state">The VM.</param>
    /// <param name="scratchDirectory">Where the scratch folder of an interrupted backup may be, besides the default.</param>
    internal static BackupPlan Plan(VmState state, string scratchDirectory)
    {
        var open = OpenBackup.Find(state);
        ImmutableArray<PlanStep> steps = [.. Teardown.OfSession(state, open), .. RollBackBitmaps(open), .. LeftFolders(state, open, scratchDirectory), .. Teardown.OfMark(state, open)];
        var summary = steps.IsEmpty ? "No backup is open: nothing to do."
            : open.IsOpen ? $"Close backup {open.Checkpoint} as if it had never been started."
            : $"Undo backup {open.Checkpoint}, which a restart of QEMU interrupted.";
        return new BackupPlan(PlanAction.Abort, summary, steps) { Remarks = Teardown.Remarks(state, open), Closed = Teardown.Harmful(state, open) };
    }

    /// <summary>Removes the scratch folder of a backup that ended with QEMU: nothing but the tag in its bitmap's name tells of it.</summary>
    /// <param name="state">The VM.</param>
    /// <param name="open">What is there of ours.</param>
    /// <param name="scratchDirectory">Where such folders may be, besides the default.</param>
    internal static IEnumerable<PlanStep> LeftFolders(VmState state, OpenBackup open, string scratchDirectory) => !open.IsInterrupted || state.Process is null ? [] :
        from checkpoint in open.OpenBitmaps.Select(b => b.Bitmap.Checkpoint).Distinct()
        from place in new[] { scratchDirectory.TrimEnd('/'), StartRequest.DefaultScratchDirectory }.Distinct()
        select new RemoveFolderStep("Remove the scratch folder that QEMU's end left behind, if it is there.", $"{place}/{new SessionNames(checkpoint).Directory}", state.Process);

    /// <summary>The step that gives every recorded bit back, if there is any bitmap to be rolled back.</summary>
    /// <param name="open">What is there of ours.</param>
    internal static IEnumerable<PlanStep> RollBackBitmaps(OpenBackup open)
    {
        var actions = BitmapChange.RollBack(open.OpenBitmaps);
        if (!actions.IsEmpty)
        {
            yield return Steps.Transaction(
                "Give the bits back: the old bitmaps record again, and take over what was recorded since, all disks in one transaction.", actions);
        }
    }
}
