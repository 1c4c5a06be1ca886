using System.Collections.Immutable;
using QmpBackup.Model;

namespace QmpBackup.Planning;

/// <summary>Plans the removal of scratch folders that ended backups left behind.</summary>
internal static class LeftFolders
{
    /// <summary>The folders of backups that a restart of QEMU interrupted, which bitmaps still tell of.</summary>
    /// <param name="state">The VM.</param>
    /// <param name="open">What is there of ours.</param>
    public static IEnumerable<PlanStep> OfInterrupted(VmState state, OpenBackup open) => ScratchFolder.Interrupted(state, open)
        .Select(f => new RemoveFolderStep("Remove the scratch folder that QEMU's end left behind.", f.Path, state.Process!));

    /// <summary>The folders of backups of this VM that nothing in QEMU tells of any more.</summary>
    /// <param name="state">The VM.</param>
    /// <param name="open">What is there of ours.</param>
    public static IEnumerable<PlanStep> Forgotten(VmState state, OpenBackup open) => ScratchFolder.Forgotten(state, open)
        .Select(f => new RemoveFolderStep($"Remove the scratch folder of backup {f.Mark!.Checkpoint}, whose QEMU was killed.", f.Path, state.Process!));

    /// <summary>What <see cref="Forgotten"/> means, for a person.</summary>
    /// <param name="state">The VM.</param>
    /// <param name="open">What is there of ours.</param>
    public static ImmutableArray<string> Remarks(VmState state, OpenBackup open) =>
        [.. ScratchFolder.Forgotten(state, open).Select(f => $"Scratch folder {f.Path} is removed: it is left over from backup {f.Mark!.Checkpoint}, whose QEMU was killed.")];
}
