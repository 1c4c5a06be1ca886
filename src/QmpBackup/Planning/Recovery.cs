using System.Collections.Immutable;

namespace QmpBackup.Planning;

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
