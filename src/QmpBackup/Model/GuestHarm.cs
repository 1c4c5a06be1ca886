using System.Collections.Immutable;
using System.Globalization;

namespace QmpBackup.Model;

/// <summary>
/// Judges whether the scratch images of an open backup have failed writes of the guest, or stopped it. While a backup job runs QEMU names the job's filter as the place of
/// every I/O error, of the scratch image and of the disk below it alike. So an error of a write there counts as the backup's: to give a backup up harms nobody.
/// </summary>
internal static class GuestHarm
{
    /// <summary>Whether a write of the guest fails when the scratch image cannot take what it overwrites: not where QEMU breaks the point in time instead.</summary>
    /// <param name="note">The backup.</param>
    /// <param name="features">What this QEMU can do.</param>
    public static bool IsPossible(SessionNote note, QemuFeatures features) => note.Fleecing == Fleecing.Overlay || !features.BackupHasOnCbwError;

    /// <summary>The disk of the backup that a guest's device stands on.</summary>
    /// <param name="note">The backup.</param>
    /// <param name="node">The node that the device stands on, as QEMU names it in events and statistics.</param>
    /// <returns>The disk; null where it is not of this backup.</returns>
    public static SessionNoteDisk? FindDisk(SessionNote note, string? node)
    {
        if (string.IsNullOrEmpty(node))
            return null;
        var ofFilter = SessionNames.TryParse(node, out var tag, out var index) && note.Checkpoint.Tag == tag;
        return ofFilter ? note.Disks.ElementAtOrDefault(index) : note.Disks.FirstOrDefault(d => node == d.Node || node == d.Top);
    }

    /// <summary>What to say of the guest's writes that have failed since the backup was opened.</summary>
    /// <param name="note">The backup.</param>
    /// <param name="counts">How many have failed by now.</param>
    /// <returns>A clause; null where none has.</returns>
    public static string? Describe(SessionNote note, ImmutableDictionary<string, long> counts)
    {
        var failed =
            (from count in counts
             let disk = FindDisk(note, count.Key)
             where disk?.FailedWrites is { } before && count.Value > before
             select (disk.Name, Count: count.Value - disk.FailedWrites!.Value)).OrderBy(f => f.Name, StringComparer.Ordinal).ToList();
        return failed.Count == 0 ? null : string.Create(CultureInfo.InvariantCulture,
            $"{failed.Sum(f => f.Count)} of the guest's writes to {string.Join(", ", failed.Select(f => $"disk {f.Name}"))} failed while the backup was open");
    }

    /// <summary>
    /// Whether the VM stands still because an access to a disk of the backup failed. Not where it stood still before the backup was opened, nor where another disk has failed as well.
    /// To let it go on is harmless where the disk itself was to blame: the access is tried again, fails again and stops the VM again.
    /// </summary>
    /// <param name="state">The VM.</param>
    /// <param name="open">What is there of ours.</param>
    public static bool HasStopped(VmState state, OpenBackup open) =>
        state.RunState == "io-error" && open.IsOpen && open.Note is not { StoppedBefore: true } && (open.Note is null || IsPossible(open.Note, state.Features))
        && !state.FailedNodes.IsEmpty && state.FailedNodes.All(node => open.Note is { } note
            ? FindDisk(note, node) is not null
            : SessionNames.TryParse(node, out _, out _) || open.OpenBitmaps.Any(b => b.Node.Name == node));
}
