using System.Collections.Immutable;

namespace QmpBackup.Model;

/// <summary>Events of a VM that matter to a backup, and the sentences that report them.</summary>
internal static class Circumstances
{
    private const int MostNamed = 3;

    /// <summary>
    /// Refuses to open a backup of a VM that is being migrated, or was migrated away: its disks may belong to another QEMU.
    /// </summary>
    /// <param name="state">The VM.</param>
    /// <exception cref="BackupException">The VM is being migrated, or was migrated away.</exception>
    public static void RequireSettled(VmState state)
    {
        switch (state.RunState)
        {
            case "inmigrate":
                throw new BackupException(BackupErrorCode.Busy,
                    "The VM is being migrated to this QEMU and has not arrived: its disks still belong to the QEMU that it comes from.",
                    "Wait for the end of the migration.");
            case "postmigrate" when IsAway(state):
                throw new BackupException(
                    BackupErrorCode.CommandRefused, "The VM was migrated away: its disks belong to the QEMU that it went to.",
                    "Back it up there. If it is to run here, let it run first ('cont').");
        }

        if (IsMigrating(state))
        {
            throw new BackupException(BackupErrorCode.Busy, "The VM is being migrated, and an open backup would make the migration fail.",
                "Wait for the end of the migration. Then back the VM up on the host where it runs.");
        }
    }

    /// <summary>What a reader or closer of the backup should know, a sentence each.</summary>
    /// <param name="state">The VM.</param>
    /// <param name="open">The open or interrupted backup, as found in the VM.</param>
    public static ImmutableArray<Advice> Describe(VmState state, OpenBackup open) =>
        [.. OfVm(state, open), .. OfBitmaps(state), .. state.UnseenDisks.Select(d => d.Remark), .. OfServer(state, open),
            .. OfFolders(state, open), .. open.IsOpen ? (open.Note?.Disks ?? []).SelectMany(disk => OfDisk(state, disk)) : []];

    /// <summary>Whether the disk's guest device was removed after the backup was opened.</summary>
    /// <param name="state">The VM.</param>
    /// <param name="disk">The disk, as it was.</param>
    public static bool IsUnplugged(VmState state, SessionNoteDisk disk) =>
        disk.Device is not null && state.Disks.All(d => d.Device != disk.Device && d.Node.Name != disk.Node);

    // QEMU before 8.0 leaves a paused VM in this state when its migration is cancelled: the images are its own again.
    private static bool IsAway(VmState state) => state.MigrationStatus is not ("cancelled" or "failed");

    // While a stopped VM is migrated its run state is that it was stopped with: what the migration says of itself counts.
    private static bool IsMigrating(VmState state) =>
        state.RunState == "finish-migrate" || state.MigrationStatus is "setup" or "active" or "cancelling"
        or "pre-switchover" or "device" or "wait-unplug" or "postcopy-active" or "postcopy-paused" or "postcopy-recover"
        or "postcopy-recover-setup" or "colo";

    private static IEnumerable<Advice> OfVm(VmState state, OpenBackup open)
    {
        switch (state.RunState)
        {
            case "inmigrate":
                yield return "The VM is being migrated to this QEMU: its disks can be seen when the migration has ended.";
                yield break;
            case "postmigrate" when IsAway(state):
                yield return "The VM was migrated away: its disks, with their bitmaps, belong to the QEMU that it went to.";
                yield break;
        }

        if (!open.IsOpen)
            yield break;
        if (open.Note is { MayBeFrozen: true })
        {
            yield return Advice.Of($"THE GUEST MAY STILL BE FROZEN: when the backup was opened, its agent did not confirm the thaw. "
                + $"{Feature.Thaw} thaws it, or says that it is thawed.");
        }

        if (IsMigrating(state))
        {
            yield return Advice.Of($"The VM is being migrated. The migration fails at its end if the backup is still open then: close it "
                + $"with {Feature.Finish} or {Feature.Abort}.");
        }

        if (open.Note is { } note && GuestHarm.IsPossible(note, state.Features) && GuestHarm.Describe(note, state.FailedWrites) is { } harm)
        {
            yield return Advice.Of(
                $"{harm}: the scratch image may be the reason. {Feature.Abort} closes the backup; then check the guest's file systems.");
        }

        switch (state.RunState)
        {
            case "paused" or "postmigrate":
                yield return "The VM is paused. The point in time is still held.";
                break;
            case "shutdown":
                yield return "The guest has shut down, and QEMU is still there: the backup can still be read and closed.";
                break;
            case "io-error":
                yield return GuestHarm.HasStopped(state, open)
                    ? Advice.Of(
                        $"The VM stopped because a write failed, and the scratch image may be the reason: {Feature.Abort} lets it go on.")
                    : "The VM stopped because a disk could not be read or written, and the backup is not the reason.";
                break;
            case "guest-panicked":
                yield return "The guest has crashed. The point in time is from before that.";
                break;
        }
    }

    private static IEnumerable<string> OfServer(VmState state, OpenBackup open)
    {
        if (open is not { IsOpen: true, Phase: SessionPhase.Open, Note: { } note })
            yield break;
        var missing = note.Disks.Zip(note.DiskNames).Where(d => open.Exports.All(e => e.Id != d.Second.Export)).Select(d => d.First.Name)
            .ToList();
        if (missing.Count > 0)
        {
            yield return $"Nothing can be read of {(missing.Count == 1 ? "disk" : "disks")} {string.Join(", ", missing)} any more: "
                + $"the export was removed, or the NBD server was stopped. The point in time is still held.";
        }
        else if (state.NbdSocketExists == false)
        {
            yield return $"Nothing can be read any more: the socket {note.Nbd} was removed. The point in time is still held.";
        }
    }

    private static IEnumerable<string> OfFolders(VmState state, OpenBackup open) =>
    [
        .. ScratchFolder.Forgotten(state, open).Select(f =>
            $"Scratch folder {f.Path} is left over from backup {f.Mark!.Checkpoint}, whose QEMU was killed: the next backup or abort "
                + $"removes it."),
        .. OfUnknown([.. ScratchFolder.Unknown(state, open).Select(f => f.Path)]),
        .. state.SilentDirectories.Select(
            d => $"Directory {d} does not answer: it is not known whether a scratch folder is left over there."),
    ];

    // A host with many VMs can have many of them.
    private static IEnumerable<string> OfUnknown(ImmutableArray<string> folders) => folders switch
    {
        [] => [],
        [var folder] =>
        [
            $"Scratch folder {folder} is left over, and its VM is not known: it stays. Remove it by hand if no backup of another VM "
                + $"uses it.",
        ],
        _ =>
        [
            $"{folders.Length} scratch folders are left over, and their VMs are not known: they stay. Remove them by hand if no backup "
                + $"of another VM uses them: {string.Join(", ", folders.Take(MostNamed))}"
                + (folders.Length > MostNamed ? $", and {folders.Length - MostNamed} more." : "."),
        ],
    };

    private static IEnumerable<string> OfBitmaps(VmState state) =>
        from node in state.Nodes
        from bitmap in ChainOnDisk.AllOf(node)
        where !bitmap.Name.IsOpen && bitmap.IsContradicted
        select $"Bitmap {bitmap.QemuName} on node {node.Name} and its twin differ: one of them was cleared, or disabled for a "
            + $"while. "
            + (bitmap.Bitmap.IsRecording ? "The next backup of the disk is a full one."
                : $"An increment of the disk since checkpoint {bitmap.Checkpoint}, or an earlier one, is not possible.");

    private static IEnumerable<string> OfDisk(VmState state, SessionNoteDisk disk)
    {
        if (IsUnplugged(state, disk))
        {
            yield return $"Disk {disk.Name} was unplugged from the VM.";
        }
        else if (state.FindNode(disk.Node) is { IsReadOnly: true })
        {
            yield return $"A snapshot of disk {disk.Name} was taken. The point in time is still held, but changes are no longer recorded, "
                + $"and the disk's next backup is a full one.";
        }
    }
}
