using System.Collections.Immutable;
using QmpBackup.Model;
using QmpBackup.Planning;
using QmpBackup.Qmp;

namespace QmpBackup;

/// <summary>Plans the end of a backup whose data is safe.</summary>
internal static class FinishPlanner
{
    private static readonly Advice Cure = Advice.Of(
        $"Throw away what was read of it and run {Feature.Abort}: every change is then part of the next backup.");

    /// <summary>Plans it.</summary>
    /// <param name="state">The VM.</param>
    /// <param name="keepBitmap">Whether the old bitmaps stay, disabled, as part of the sequence.</param>
    /// <exception cref="BackupException">
    /// Nothing is open (<see cref="BackupErrorCode.NothingOpen"/>), or the point in time was lost, so that what was read of it cannot be
    /// trusted (<see cref="BackupErrorCode.BackupFailed"/>).
    /// </exception>
    public static BackupPlan Plan(VmState state, bool keepBitmap)
    {
        var open = OpenBackup.Find(state);
        if (!open.IsOpen && !open.IsInterrupted)
            throw new BackupException(BackupErrorCode.NothingOpen, "No backup is open.", Advice.Of($"{Feature.Start} opens one."));

        // A finish that was cut off goes on as it was begun.
        var resumed = open.Phase == SessionPhase.Finishing && open.Note is not null;
        var keep = resumed ? open.Note!.KeepBitmap : keepBitmap;
        if (!resumed && (open.IsOpen ? FindLoss(state, open) : FindGap(open)) is { } loss)
            throw loss;

        var steps = ImmutableArray.CreateBuilder<PlanStep>();
        if (open.Note is { } note && !resumed)
        {
            steps.Add(new NoteStep("Note that the data is safe: should this be cut off, the next finish goes on from here.",
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
            return new BackupException(BackupErrorCode.BackupFailed, $"Backup {open.Checkpoint} was never completely opened.",
                Advice.Of($"Run {Feature.Abort}; if another process is opening it right now, wait for that first."));
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
        $"The bitmap that records since checkpoint {open.Checkpoint} was removed, cleared or disabled by somebody else: changes may be "
            + $"missing from it.", Cure);
}
