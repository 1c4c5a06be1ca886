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
    /// <param name="open">The open or interrupted backup, as found in the VM.</param>
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

/// <summary>
/// Foresees what a VM looks like once an interrupted backup is rolled back, so that the plan of the next one can be made before.
/// </summary>
internal static class Recovery
{
    public static VmState Foresee(VmState state, OpenBackup found)
    {
        var touched = found.OpenBitmaps.Select(b => b.Node.Name).ToHashSet();
        BlockNode RollBack(BlockNode node) => touched.Contains(node.Name) ? node with { Bitmaps = RollBackBitmaps(node) } : node;
        return state with
        {
            Nodes = [.. state.Nodes.Select(RollBack)],
            Disks = [.. state.Disks.Select(d => d with { Node = RollBack(d.Node) })],
        };
    }

    private static ImmutableArray<DirtyBitmap> RollBackBitmaps(BlockNode node)
    {
        var bitmaps = node.Bitmaps;
        foreach (var open in ChainOnDisk.AllOf(node).Where(b => b.Name.IsOpen))
        {
            var old = open.Name.Predecessor is { } before ? ChainOnDisk.Of(node, open.Name.Chain).Find(before) : null;
            if (old is { Bitmap.IsInconsistent: false } && open.IsSoundAndRecording)
                bitmaps = bitmaps.Replace(old.Bitmap, old.Bitmap with { IsRecording = true, Count = CountOf(old, open) });
            bitmaps = bitmaps.Remove(open.Bitmap);
            if (open.Twin is { } twin)
                bitmaps = bitmaps.Remove(twin);
        }

        return bitmaps;
    }

    // How much two bitmaps mark together is not known before they are merged. The old one's twin has recorded all the while: it is believed
    // where it can be right.
    private static long CountOf(ChainBitmap old, ChainBitmap open) =>
        old.Twin is { } twin && old.IsPartOfTwin(open.Bitmap.Count) ? twin.Count : Math.Max(old.Bitmap.Count, open.Bitmap.Count);
}
