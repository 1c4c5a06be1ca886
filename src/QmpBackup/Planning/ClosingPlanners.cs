using System.Collections.Immutable;
using QmpBackup.Model;
using QmpBackup.Qmp.Qapi;

namespace QmpBackup.Planning;

/// <summary>Plans the end of a backup whose data is safe.</summary>
internal static class FinishPlanner
{
    private static readonly Advice Cure = Advice.Of(
        $"Throw away the data that was read, and run {Feature.Abort}: every change is then part of the next backup.");

    /// <summary>Plans it.</summary>
    /// <param name="state">The VM.</param>
    /// <param name="keepBitmap">Whether the old bitmaps are kept, disabled, as part of the sequence.</param>
    /// <exception cref="BackupException">
    /// Nothing is open (<see cref="BackupErrorCode.NothingOpen"/>), or the point in time was lost, so that what was read of it cannot be
    /// trusted (<see cref="BackupErrorCode.BackupFailed"/>).
    /// </exception>
    public static BackupPlan Plan(VmState state, bool keepBitmap)
    {
        var open = OpenBackup.Find(state);
        if (!open.IsOpen && !open.IsInterrupted)
            throw new BackupException(BackupErrorCode.NothingOpen, "No backup is open.", Advice.Of($"{Feature.Start} opens one."));

        // A finish that was cut off continues as it began.
        var resumed = open.Phase == SessionPhase.Finishing && open.Note is not null;
        var keep = resumed ? open.Note!.KeepBitmap : keepBitmap;
        if (!resumed && (open.IsOpen ? FindLoss(state, open) : FindGap(open)) is { } loss)
            throw loss;

        var steps = ImmutableArray.CreateBuilder<PlanStep>();
        if (open.Note is { } note && !resumed)
        {
            steps.Add(new NoteStep("Note that the data is safe: if finish is cut off, the next finish continues from here.",
                note with { Phase = SessionPhase.Finishing, KeepBitmap = keep }));
        }

        steps.AddRange(Teardown.OfSession(state, open));
        // A disk that was away while an earlier backup was closed comes back with that one's bitmaps: whether
        // their data is safe is not known.
        ImmutableArray<TransactionAction> actions =
        [
            .. BitmapChange.RollBack(open.OpenBitmaps.Where(b => b.Bitmap.Checkpoint != open.Checkpoint)),
            .. open.OpenBitmaps.Where(
                b => b.Bitmap.Checkpoint == open.Checkpoint).SelectMany(b => BitmapChange.Commit(b.Node, b.Bitmap, keep)),
        ];
        if (!actions.IsEmpty)
        {
            steps.Add(Steps.Transaction(keep
                ? "The point is safe: its bitmaps get their lasting name, the old ones stay, disabled, as part of the sequence."
                : "The point is safe: its bitmaps get their lasting name, the old ones are dropped.", actions));
        }

        steps.AddRange(LeftFolders.OfInterrupted(state, open));
        steps.AddRange(Teardown.OfMark(state, open));
        return new BackupPlan(PlanAction.Finish, $"Close backup {open.Checkpoint}: its data is safe.", steps.ToImmutable())
        {
            Remarks = Teardown.Remarks(state, open),
            Closed = Teardown.Harmful(state, open),
        };
    }

    /// <summary>Whether the point in time of a backup is still held, so that what was read of it until now is right.</summary>
    /// <param name="state">The VM.</param>
    /// <param name="open">The backup, as it is found there.</param>
    /// <returns>Why it is not held; null if it is. A backup that is being finished was held until its data was called safe.</returns>
    internal static BackupException? FindLossWhileRead(VmState state, OpenBackup open) =>
        open.Phase == SessionPhase.Finishing && open.Note is not null ? null : FindLoss(state, open);

    /// <summary>Why what is read of an open backup cannot be trusted; null if it can.</summary>
    /// <param name="state">The VM.</param>
    /// <param name="open">The open or interrupted backup, as found in the VM.</param>
    internal static BackupException? FindLoss(VmState state, OpenBackup open)
    {
        if (open.Phase == SessionPhase.Starting)
        {
            return new BackupException(BackupErrorCode.BackupFailed, $"Backup {open.Checkpoint} was not opened completely.",
                Advice.Of($"Run {Feature.Abort}; if another process is opening it now, wait for that first."));
        }

        var jobs = open.Jobs.Where(j => j.Type == "backup").ToList();
        var expected = open.Note is { } note ? note.Disks.Zip(note.DiskNames, (disk, names) => (Disk: disk, names.Job)) : [];
        foreach (var (disk, id) in expected)
        {
            if (jobs.FirstOrDefault(j => j.Id == id) is { IsAlive: true })
                continue;
            return Circumstances.IsUnplugged(state, disk)
                ? new BackupException(BackupErrorCode.BackupFailed,
                    $"The point in time of disk {disk.Name} was lost: the disk was unplugged, which ends its job.", Cure)
                : Lost($"of disk {disk.Name} ", jobs.FirstOrDefault(j => j.Id == id)?.Error);
        }

        if (open.Note is null && (jobs.Count < open.OpenBitmaps.Length || jobs.FirstOrDefault(j => !j.IsAlive) is not null))
            return Lost("", jobs.FirstOrDefault(j => j.Error is not null)?.Error);

        var recording = open.OpenBitmaps.Concat(
            open.OutOfReach).Count(b => b.Bitmap.Checkpoint == open.Checkpoint && b.Bitmap.IsSoundAndRecording);
        return recording < (open.Note?.Disks.Count(d => d.Level != BackupLevel.Copy) ?? open.OpenBitmaps.Length) ? Gap(open) : null;

        static BackupException Lost(string disk, string? error) => new(BackupErrorCode.BackupFailed,
            $"The point in time {disk}was lost: its job has ended{(error is null ? "" : $" ({error})")}, and readers may have been given "
                + $"later data.", Cure);
    }

    // Of an interrupted backup nothing but its bitmaps is left.
    private static BackupException? FindGap(OpenBackup open) =>
        open.OpenBitmaps.Where(
            b => b.Bitmap.Checkpoint == open.Checkpoint).FirstOrDefault(b => !b.Bitmap.IsSoundAndRecording).Bitmap is not { } bitmap ? null
        : !bitmap.Bitmap.IsInconsistent ? Gap(open)
        : new BackupException(BackupErrorCode.BackupFailed,
            $"Bitmap {bitmap.QemuName} is inconsistent: QEMU was not shut down cleanly, and what was recorded since checkpoint "
                + $"{open.Checkpoint} is lost.", Cure);

    private static BackupException Gap(OpenBackup open) => new(BackupErrorCode.BackupFailed,
        $"The bitmap that records since checkpoint {open.Checkpoint} was removed, cleared or disabled by another program: changes may be "
            + $"missing from it.", Cure);
}

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
            // Last: if their file system hangs, the open backup is closed anyway.
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
                "Give the bits back: the old bitmaps record again and get what was recorded since, for all disks in one transaction.",
                    actions);
        }
    }
}

/// <summary>
/// Predicts the state of a VM after the rollback of an interrupted backup, so that the plan of the next one can be made before it.
/// </summary>
internal static class Recovery
{
    public static VmState Predict(VmState state, OpenBackup found)
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
