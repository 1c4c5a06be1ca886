using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using QmpBackup.Qmp;

namespace QmpBackup.Model;

/// <summary>
/// Judges whether the scratch images of an open backup have failed writes of the guest, or stopped it. While a backup job runs QEMU names
/// the job's filter as the place of every I/O error, of the scratch image and of the disk below it alike. So an error of a write there
/// counts as the backup's: giving a backup up does no harm.
/// </summary>
internal static class GuestHarm
{
    /// <summary>
    /// Whether a write of the guest fails when the scratch image cannot take what it overwrites: not where QEMU breaks the point in time
    /// instead.
    /// </summary>
    /// <param name="note">The backup.</param>
    /// <param name="features">What this QEMU can do.</param>
    public static bool IsPossible(SessionNote note, QemuFeatures features) =>
        note.Fleecing == Fleecing.Overlay || !features.BackupHasOnCbwError;

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

    /// <summary>Describes the guest's writes that have failed since the backup was opened.</summary>
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
            $"{failed.Sum(f => f.Count)} of the guest's writes to {string.Join(", ", failed.Select(f => $"disk {f.Name}"))} failed while "
                + $"the backup was open");
    }

    /// <summary>
    /// Whether the VM stopped because an access to a disk of the backup failed. False if it had stopped before the backup was opened, and
    /// if another disk has failed as well. Letting the VM go on does no harm even if the disk itself is the cause: the access is tried
    /// again, fails again and stops the VM again.
    /// </summary>
    /// <param name="state">The VM.</param>
    /// <param name="open">The open or interrupted backup, as found in the VM.</param>
    public static bool HasStopped(VmState state, OpenBackup open) =>
        state.RunState == "io-error"
            && open.IsOpen && open.Note is not { StoppedBefore: true } && (open.Note is null || IsPossible(open.Note, state.Features))
        && !state.FailedNodes.IsEmpty && state.FailedNodes.All(node => open.Note is { } note
            ? FindDisk(note, node) is not null
            : SessionNames.IsOurs(node) || open.OpenBitmaps.Any(b => b.Node.Name == node));
}

/// <summary>
/// How many of the guest's writes have failed so far, by the node that its device stands on. QEMU counts them for as long as it runs.
/// </summary>
internal static class FailedWrites
{
    // A discard or a zone append goes through a backup's filter as a write does. A write that stops the VM is not counted: it is tried
    // again.
    private static readonly string[] Counters = ["failed_wr_operations", "failed_unmap_operations", "failed_zone_append_operations"];

    /// <summary>Asks QEMU.</summary>
    /// <param name="client">The connection.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>The counts; empty where there are no guest devices, as in a storage daemon.</returns>
    public static async Task<ImmutableDictionary<string, long>> ReadAsync(IQmpClient client, CancellationToken cancellationToken)
    {
        var counts = ImmutableDictionary.CreateBuilder<string, long>(StringComparer.Ordinal);
        var answer = await client.ExecuteAsync(QmpRequest.Raw("query-blockstats"), cancellationToken).ConfigureAwait(false);
        if (answer.ValueKind != JsonValueKind.Array)
            return counts.ToImmutable();
        foreach (var device in answer.EnumerateArray())
        {
            if (device.ValueKind == JsonValueKind.Object && device.TryGetProperty("node-name",
                out var node) && node.ValueKind == JsonValueKind.String
                && device.TryGetProperty("stats", out var stats) && stats.ValueKind == JsonValueKind.Object)
            {
                counts[node.GetString()!] = Counters.Sum(
                    name => stats.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number
                    && value.TryGetInt64(out var count) ? count : 0);
            }
        }

        return counts.ToImmutable();
    }
}
