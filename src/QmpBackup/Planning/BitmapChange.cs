using System.Collections.Immutable;
using QmpBackup.Model;
using QmpBackup.Qmp.Qapi;

namespace QmpBackup.Planning;

/// <summary>What becomes of the bitmaps when a backup is closed: the actions of one transaction over all disks.</summary>
internal static class BitmapChange
{
    /// <summary>As if the backups had never been started: every bit that was recorded since goes back to the old bitmaps.</summary>
    public static ImmutableArray<TransactionAction> RollBack(IEnumerable<(BlockNode Node, ChainBitmap Bitmap)> open) =>
        Guarded([.. open.SelectMany(b => RollBack(b.Node, b.Bitmap))]);

    /// <summary>
    /// Puts the merges into bitmaps that are enabled before everything else, a second time. A merge fails where either bitmap or the node
    /// is gone, and leaves nothing to be undone. Without it QEMU does not refuse the transaction but crashes (seen with 7.2, 10.0 and
    /// 11.1): it undoes the enabling that failed on a bitmap that it has not found. The merge behind the enabling stays: only what is
    /// recorded in both when it runs is complete.
    /// </summary>
    public static ImmutableArray<TransactionAction> Guarded(ImmutableArray<TransactionAction> actions)
    {
        var enabled = actions.OfType<TransactionActionBlockDirtyBitmapEnable>().Select(a => (a.Data.Node, a.Data.Name)).ToHashSet();
        var merges = actions.OfType<TransactionActionBlockDirtyBitmapMerge>().Where(a => enabled.Contains((a.Data.Node, a.Data.Target)));
        return [.. merges, .. actions];
    }

    private static ImmutableArray<TransactionAction> RollBack(BlockNode node, ChainBitmap open)
    {
        TransactionAction[] remove = [Steps.Remove(node, open.QemuName),
            .. open.Twin is { } twin ? [Steps.Remove(node, twin.Name!)] : (TransactionAction[])[]];
        var old = open.Name.Predecessor is { } before ? ChainOnDisk.Of(node, open.Name.Chain).Find(before) : null;
        if (old is null || old.Bitmap.IsInconsistent)
            return [.. remove];
        // Either one may have missed writes: the old bitmap cannot be made whole. Left disabled, it is the next backup's reason for a full
        // one.
        if (!open.IsSoundAndRecording)
            return [.. remove];
        // Enable before merge: with the order turned round a write between the two would be in neither.
        return [.. old.Bitmap.IsRecording ? [] : (TransactionAction[])[Steps.Enable(node, old.QemuName)],
            Steps.Merge(node, old.QemuName, open.QemuName), .. remove];
    }

    /// <summary>
    /// The point is safe: its bitmap gets its lasting name, and the old one goes, or stays as a member of a kept sequence. A member that
    /// goes out of a sequence hands its bits to the one before it, so that the sequence has no hole.
    /// </summary>
    public static ImmutableArray<TransactionAction> Commit(BlockNode node, ChainBitmap open, bool keep)
    {
        var chain = ChainOnDisk.Of(node, open.Name.Chain);
        var old = open.Name.Predecessor is { } link ? chain.Find(link) : null;
        var sequence = old is { IsSoundAndClosed: true } && old.IsPartOfTwin(open.Bitmap.Count) ? chain.SequenceTo(old) : [];
        var inherits = sequence.Length > 1 ? sequence[^2] : null;
        var before = keep ? sequence.LastOrDefault() : inherits;
        var lasting = new CheckpointBitmapName(open.Name.Chain, open.Checkpoint, Predecessor: before?.Checkpoint, Disk: open.Name.Disk);

        var actions = ImmutableArray.CreateBuilder<TransactionAction>();
        // From the add on both record, so nothing is lost between it and the merge.
        actions.Add(Steps.Add(node, lasting.ToString(), open.Bitmap.IsPersistent, open.Bitmap.Granularity));
        actions.Add(Steps.Merge(node, lasting.ToString(), open.QemuName));
        actions.Add(Steps.Add(node, lasting.Twin.ToString(), open.Bitmap.IsPersistent, open.Bitmap.Granularity));
        actions.Add(Steps.Merge(node, lasting.Twin.ToString(), open.Twin?.Name ?? open.QemuName));
        if (!keep && inherits is not null)
            actions.AddRange(Inherit(node, inherits, old!));
        if (keep && before is not null)
            actions.AddRange(Close(node, before));
        var kept = keep ? sequence : sequence.RemoveAll(b => b == old);
        foreach (var gone in chain.Lasting.Where(b => !kept.Contains(b) && (b == old || !b.Bitmap.IsBusy)).Append(open))
            actions.Add(Steps.Remove(node, gone.QemuName));
        // Other open bitmaps are rolled back in the same transaction, and theirs with them.
        var stay = kept.Concat(chain.Open.Where(o => o.Checkpoint != open.Checkpoint)).Select(b => b.Twin).ToHashSet();
        foreach (var twin in ChainOnDisk.TwinsOf(node, open.Name.Chain).Where(t => !t.IsBusy && !stay.Contains(t)))
            actions.Add(Steps.Remove(node, twin.Name!));
        return actions.ToImmutable();
    }

    // Both members stay as they are from now on, and are compared like those that record.
    private static IEnumerable<TransactionAction> Inherit(BlockNode node, ChainBitmap heir, ChainBitmap gone)
    {
        yield return Steps.Merge(node, heir.QemuName, gone.QemuName);
        if (heir.Twin is { IsBusy: false } twin)
            yield return Steps.Merge(node, twin.Name!, gone.QemuName);
    }

    // The twin has recorded on while the backup was open. It becomes what the member is, and closed as well: whoever changes one of the two
    // later is found out by the other.
    private static IEnumerable<TransactionAction> Close(BlockNode node, ChainBitmap member)
    {
        if (member.Twin is not { IsRecording: true, IsBusy: false, IsInconsistent: false } twin)
            yield break;
        yield return Steps.Disable(node, twin.Name!);
        yield return Steps.Clear(node, twin.Name!);
        yield return Steps.Merge(node, twin.Name!, member.QemuName);
    }
}
