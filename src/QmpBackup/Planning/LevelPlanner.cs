using System.Collections.Immutable;
using QmpBackup.Model;

namespace QmpBackup.Planning;

/// <summary>
/// Decides per disk between full and incremental. The one rule: an increment is only taken against a checkpoint since which a bitmap of
/// ours has recorded without a gap. In every other case the disk is taken in full, with the reason.
/// </summary>
internal static class LevelPlanner
{
    private const string SharedText = "the disk is shared (share-rw), and what others write to it is in no bitmap of this VM";

    /// <summary>Decides for one disk.</summary>
    /// <param name="state">The VM.</param>
    /// <param name="disk">The disk.</param>
    /// <param name="request">What is wanted.</param>
    /// <returns>The decision.</returns>
    /// <exception cref="BackupException">
    /// An increment was demanded and is not sound (<see cref="BackupErrorCode.IncrementalNotSound"/>), or somebody else holds the bitmap
    /// (<see cref="BackupErrorCode.Busy"/>).
    /// </exception>
    public static DiskChoice Choose(VmState state, VmDisk disk, StartRequest request)
    {
        if (request.Level == LevelChoice.Copy)
            return new DiskChoice { Disk = disk, Level = BackupLevel.Copy, Reason = "a copy was requested: it has no effect on chains" };

        var chain = ChainOnDisk.Of(disk.Node, request.Chain);
        if (chain.Head is { Bitmap.IsBusy: true } held)
        {
            throw new BackupException(BackupErrorCode.Busy,
                $"Bitmap {held.QemuName} of disk {disk.Name} is in use by an export or a job of another program.",
                Advice.Of($"Wait for it, or end it: {Feature.QueryExports} and {Feature.QueryJobs} show what runs."));
        }

        var full = new DiskChoice { Disk = disk, Level = BackupLevel.Full, Reason = "", Old = chain.Head };
        if (request.Level == LevelChoice.Full)
            return full with { Reason = "full was requested" + MemoryNote(disk) };

        var (parent, obstacle) = disk.IsShared
            ? (null, SharedText) : request.Since is { } since ? FindSince(disk, chain, since) : FindHead(state, disk, chain, request);
        if (parent?.Checkpoint is { } at && FindBelow(state, disk, b => b.Name.Chain == request.Chain && b.Checkpoint == at) is not null)
        {
            (parent, obstacle) = (
                null, $"a snapshot was taken since checkpoint {at}, and the bitmap above it has missed what was recorded below");
        }

        if (parent is not null && request.Parents is { } points && FindFault(points, disk, parent.Checkpoint) is { } fault)
            (parent, obstacle) = (null, fault);
        if (parent is null)
        {
            return request.Level == LevelChoice.Incremental || request.Since is not null
                ? throw new BackupException(BackupErrorCode.IncrementalNotSound,
                    $"An incremental backup of disk {disk.Name} would not be sound: {obstacle}.",
                    request.Since is null ? Advice.Of($"Use {Feature.Level} auto or {Feature.Level} full.")
                        : Advice.Of($"{Feature.Status} lists the checkpoints that can be named with {Feature.Since}."))
                : full with { Reason = obstacle + MemoryNote(disk) };
        }

        var members = chain.Sequence.SkipWhile(b => b.Checkpoint != parent.Checkpoint).Select(b => b.QemuName);
        return full with
        {
            Level = BackupLevel.Incremental,
            Reason = $"changes since checkpoint {parent.Checkpoint}" + MemoryNote(disk),
            Parent = parent.Checkpoint,
            Changed = [.. members],
        };
    }

    private static (ChainBitmap? Parent, string Obstacle) FindHead(VmState state, VmDisk disk, ChainOnDisk chain, StartRequest request)
    {
        var chainName = request.Chain;
        if (chain.Head is not null)
        {
            // Of a kept sequence an older member serves as well: more has changed since, but nothing is missing.
            var ofDisk = OfDisk(chain, disk);
            if (ofDisk.Count == 0)
                return (null, Renamed(chain.Head));
            var held = request.Parents is { } parents ? ofDisk.LastOrDefault(b => FindFault(parents, disk, b.Checkpoint) is null) : null;
            return (held ?? ofDisk[^1], "");
        }

        if (chain.Lasting.LastOrDefault() is { } last)
        {
            return (null, last.Bitmap.IsInconsistent
                ? $"bitmap {last.QemuName} is inconsistent: QEMU was not shut down cleanly and what it recorded is lost"
                : last.IsContradicted ? Contradicted(last)
                : $"bitmap {last.QemuName} is not recording and may have missed writes");
        }

        var elsewhere = FindBelow(state, disk, b => b.Name.Chain == chainName);
        return (null, elsewhere is null
            ? $"no checkpoint of chain {chainName} on this disk yet"
            : $"the checkpoints of chain {chainName} are on node {elsewhere.Name} below the disk: a snapshot was taken since");
    }

    private static BlockNode? FindBelow(VmState state, VmDisk disk, Func<ChainBitmap, bool> isMeant) =>
        state.Nodes.FirstOrDefault(n => disk.BackingNodes.Contains(n.Name) && ChainOnDisk.AllOf(n).Any(isMeant));

    private static string? FindFault(ImmutableArray<HeldParent> parents, VmDisk disk, CheckpointId checkpoint)
    {
        if (parents.FirstOrDefault(p => p.Checkpoint == checkpoint && (p.Disk is null || p.Disk == disk.Name)) is not { } parent)
            return $"the repository does not hold checkpoint {checkpoint}";
        return parent.Fault is { } fault
            ? $"the repository's point {checkpoint} {(parent.IsUntrusted ? "cannot be trusted" : "is not sound")}: {fault}"
            : parent.Size != disk.Size ? $"the disk has {disk.Size} bytes and had {parent.Size} at checkpoint {checkpoint}" : null;
    }

    // An image brings its bitmaps along when it comes back under the name of another disk: drives get new numbers, or were
    // swapped. And a snapshot may have copied the bitmap's name and not its bits to another image. So of a kept sequence only that end
    // counts which began after the last such change.
    private static List<ChainBitmap> OfDisk(ChainOnDisk chain, VmDisk disk)
    {
        var tag = DiskTag.Of(disk);
        return [.. chain.Sequence.Reverse().TakeWhile(b => b.Name.Disk == tag).Reverse()];
    }

    private static string Renamed(ChainBitmap bitmap) =>
        $"the disk had another name or another image file when checkpoint {bitmap.Checkpoint} was taken, so its bitmap may be of another "
            + $"disk, or have missed writes";

    private static (ChainBitmap? Parent, string Obstacle) FindSince(VmDisk disk, ChainOnDisk chain, CheckpointId since)
    {
        if (chain.Sequence.FirstOrDefault(b => b.Checkpoint == since) is { } found)
            return OfDisk(chain, disk).Contains(found) ? (found, "") : (null, Renamed(found));
        return (null, chain.Find(since) is null ? $"there is no checkpoint {since}"
            : chain.Lasting.SkipWhile(b => b.Checkpoint != since).FirstOrDefault(b => b.IsContradicted) is { } bitmap ? Contradicted(bitmap)
            : $"the bitmaps since checkpoint {since} are not all there");
    }

    private static string Contradicted(ChainBitmap bitmap) =>
        $"bitmap {bitmap.QemuName} and its twin differ: one of them was cleared, or disabled for a while";

    private static string MemoryNote(VmDisk disk) => disk.CanPersistBitmaps
        ? ""
        : $"; its bitmap lives in memory, as "
            + $"{(disk.Node.Driver == "qcow2" ? "a qcow2 image of version 2" : $"format {disk.Node.Driver}")} cannot store one: after a "
            + $"restart of QEMU the next backup is a full one";
}
