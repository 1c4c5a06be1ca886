using System.Collections.Immutable;
using QmpBackup.Model;

namespace QmpBackup.Planning;

/// <summary>
/// Takes away what an open backup put into QEMU and on disk. The order matters: an export of the overlay would go on answering with live
/// data once the job is gone, so exports go first; nodes are in use until job and export are gone; files until the nodes are.
/// </summary>
internal static class Teardown
{
    public static IEnumerable<PlanStep> OfSession(VmState state, OpenBackup open) =>
        [.. Exports(open), .. Server(state, open), .. Nodes(open, above: true), .. Jobs(open), .. Nodes(open, above: false),
            .. Files(state, open), .. Resume(state, open)];

    public static IEnumerable<PlanStep> OfMark(VmState state, OpenBackup open)
    {
        foreach (var step in state.LeftMonitors.SelectMany(Steps.RemoveMonitor))
            yield return step;
        // The socket that others read through is in it.
        if (open.ScratchFolder is { } folder && (!open.HasForeignNbdExports || open.Note is { SharesServer: true }))
            yield return new RemoveFolderStep("Remove the scratch folder.", folder, state.Process!);
        if (open.HasNote)
        {
            yield return Steps.RemoveNote(
                "Remove the note of the open backup, last: until then a repeated run finds what is left.");
        }
    }

    public static ImmutableArray<string> Remarks(VmState state, OpenBackup open) => !open.IsOpen ? [] :
    [
        .. open.HasForeignNbdExports ? (string[])["The NBD server is left running: another program exports with it."] : [],
        .. state.Process is null && open.Note?.ScratchFolder is { } folder
            ? (string[])[$"The folder {folder} stays on QEMU's host: over TCP nothing is removed there."] : [],
        .. Resumes(state, open) ? (string[
            ])["The VM had stopped because a write failed while the backup was open; it runs again, and the write is tried again."] : [],
        .. open.OutOfReach.Where(b => b.Bitmap.Checkpoint == open.Checkpoint).Select(b =>
            $"Node {b.Node.Name} cannot be written any more, so its bitmaps stay as they are: a snapshot of the disk was taken, and "
                + $"its next backup is a full one."),
    ];

    /// <summary>Whether the VM is set going again: what stopped it may have been the scratch image, and that is gone.</summary>
    public static bool Resumes(VmState state, OpenBackup open) => GuestHarm.HasStopped(state, open);

    /// <summary>The note of a backup that can cost the guest writes: whether it has is to be asked once it is closed.</summary>
    public static SessionNote? Harmful(VmState state, OpenBackup open) =>
        open.Note is { } note && GuestHarm.IsPossible(note, state.Features) ? note : null;

    private static IEnumerable<PlanStep> Resume(VmState state, OpenBackup open)
    {
        if (Resumes(state, open))
        {
            yield return Steps.Continue("Let the VM run again: it stopped because a write failed. The write is tried again, and now "
                + "nothing has to be saved before it.");
        }
    }

    private static IEnumerable<PlanStep> Exports(OpenBackup open)
    {
        foreach (var export in open.Exports)
        {
            foreach (var step in Steps.RemoveExport(export.Id))
                yield return step;
        }
    }

    private static IEnumerable<PlanStep> Server(VmState state, OpenBackup open)
    {
        if (open.HasForeignNbdExports || open.Note is { SharesServer: true })
            yield break;
        // A socket in a folder that only QEMU and we can write proves whose server it is; else our exports do, or what comes after the
        // server's start.
        var ours = !open.Exports.IsEmpty
            || (state.NbdSocketExists ?? (open.Note is { ServerStarted: true }
                || (open.HasNote && open.Phase != SessionPhase.Starting) || open.Jobs.Any(j => j.Type == "backup")));
        if (ours)
            yield return Steps.StopServer() with { MayBeRefused = true };
    }

    private static IEnumerable<PlanStep> Jobs(OpenBackup open)
    {
        foreach (var job in open.Jobs.OrderBy(j => j.Type == "backup" ? 0 : 1))
        {
            if (job.Status != "concluded")
            {
                if (job.Type == "backup")
                    yield return Steps.CancelJob(job.Id);
                yield return new AwaitJobStep("Wait until it no longer uses its nodes.", job.Id);
            }

            yield return Steps.DismissJob(job.Id);
        }
    }

    // A snapshot-access node lies above the job's filter, the scratch nodes below it.
    private static IEnumerable<PlanStep> Nodes(OpenBackup open, bool above) =>
        open.Nodes.Where(node => node.Driver == "snapshot-access" == above).Select(node => Steps.RemoveNode(
            above ? "Remove the view of the point in time." : "Remove the scratch node: nothing uses it any more.", node.Name));

    private static IEnumerable<PlanStep> Files(VmState state, OpenBackup open)
    {
        var index = 0;
        foreach (var file in open.ScratchFiles)
        {
            foreach (var step in Steps.RemoveScratchFile(state.Process, open.ScratchFolder, file, index++))
                yield return step;
        }
    }
}

/// <summary>Plans the removal of scratch folders that ended backups left behind.</summary>
internal static class LeftFolders
{
    /// <summary>The folders of backups that a restart of QEMU interrupted, which bitmaps still tell of.</summary>
    /// <param name="state">The VM.</param>
    /// <param name="open">The open or interrupted backup, as found in the VM.</param>
    public static IEnumerable<PlanStep> OfInterrupted(VmState state, OpenBackup open) => ScratchFolder.Interrupted(state, open)
        .Select(f => new RemoveFolderStep("Remove the scratch folder that QEMU's end left behind.", f.Path, state.Process!));

    /// <summary>The folders of backups of this VM that nothing in QEMU tells of any more.</summary>
    /// <param name="state">The VM.</param>
    /// <param name="open">The open or interrupted backup, as found in the VM.</param>
    public static IEnumerable<PlanStep> Forgotten(VmState state, OpenBackup open) => ScratchFolder.Forgotten(state, open)
        .Select(f => new RemoveFolderStep($"Remove the scratch folder of backup {f.Mark!.Checkpoint}, whose QEMU was killed.", f.Path,
            state.Process!));

    /// <summary>What <see cref="Forgotten"/> means, for a person.</summary>
    /// <param name="state">The VM.</param>
    /// <param name="open">The open or interrupted backup, as found in the VM.</param>
    public static ImmutableArray<string> Remarks(VmState state, OpenBackup open) =>
        [.. ScratchFolder.Forgotten(state, open).Select(
            f => $"Scratch folder {f.Path} is removed: it is left over from backup {f.Mark!.Checkpoint}, whose QEMU was killed.")];
}
