using System.Collections.Immutable;
using QmpBackup.Hashes;
using QmpBackup.Host;
using QmpBackup.Repository;
using QmpBackup.Repository.Retention;

namespace QmpBackup;

/// <summary>
/// Removes points of a chain that a policy does not keep. A point that others are built on is merged into them by QEMU's own tools, at the
/// cost of what those hold. A removal that is killed at any moment leaves every point that stays as it was; the next one completes it.
/// </summary>
public static class RepositoryPruner
{
    // For the headers and tables of an image that grows.
    private const long Reserve = 16 << 20;

    /// <summary>Says which points would go. Changes nothing.</summary>
    /// <param name="chain">The chain.</param>
    /// <param name="policy">The rules.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <exception cref="BackupException">The policy has no rule, names a point that is not there, or the chain cannot be read.</exception>
    public static PrunePlan Plan(RepositoryChain chain, RetentionPolicy policy, PruneOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(chain);
        ArgumentNullException.ThrowIfNull(policy);
        options ??= new PruneOptions();
        policy.RequireUsable();
        return Plan(chain.Read(options.SignKey), policy, options);
    }

    /// <summary>
    /// Removes the points. Completes removals that were interrupted. Points that are in use, or for whose merging there is no space, stay:
    /// the result says so.
    /// </summary>
    /// <param name="plan">What <see cref="Plan(RepositoryChain, RetentionPolicy, PruneOptions?)"/> returned.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="cancellationToken">Stops it; what was begun is completed by the next removal.</param>
    /// <returns>What was done.</returns>
    /// <exception cref="BackupException">
    /// Another process writes to the chain (<see cref="BackupErrorCode.Busy"/>), or something failed.
    /// </exception>
    public static async Task<PrunePlan> ExecuteAsync(
        PrunePlan plan, PruneOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(plan);
        options ??= new PruneOptions();
        var chain = plan.Chain;
        using var held = chain.Lock();
        using var folder = ChainFolder.Make(chain);
        var merger = new PointMerger(chain, options);
        var before = SizeOf(chain);
        await CompleteAsync(chain, folder, merger, options, cancellationToken).ConfigureAwait(false);
        var removed = ImmutableArray.CreateBuilder<RemovedPoint>();
        var kept = plan.Kept.ToList();
        // What nothing is built on goes first, the newest of it first; then, oldest first, each is merged into the next.
        foreach (var one in plan.Removed.Reverse().Where(r => r.MergedInto.IsEmpty).Concat(plan.Removed.Where(r => !r.MergedInto.IsEmpty)))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var contents = chain.Read(options.SignKey);
            if (contents.Find(one.Point.Id) is not { } point)
                continue;
            List<RepositoryPoint> above = [.. contents.Points.Where(p => p.Disks.Any(d => d.Parent == point.Id))];
            using var use = PointUse.TryTake(folder, [point, .. above]);
            var obstacle = use is null ? (KeepReason.InUse, "Another process reads it, or a point that is built on it.")
                : contents.IsPinned(point.Id) ? (KeepReason.Pinned, "It was pinned in the meantime.")
                : FindObstacle(contents, point, above);
            if (obstacle is var (reason, why))
            {
                kept.Add(new KeptPoint(point, [reason]) { Explanation = why });
                continue;
            }

            await merger.RemoveAsync(point.Id, cancellationToken).ConfigureAwait(false);
            removed.Add(one);
        }

        List<RepositoryPoint> order = [.. chain.Read(options.SignKey).Points];
        return new PrunePlan(chain, [.. kept.OrderBy(k => order.FindIndex(p => p.Id == k.Point.Id))],
            [.. removed.OrderBy(r => plan.Removed.IndexOf(r))])
        {
            BytesFreed = Math.Max(0, before - SizeOf(chain)),
        };
    }

    /// <summary>Completes removals that were interrupted.</summary>
    /// <param name="chain">The chain.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="BackupException">Another process works on the chain, or something failed.</exception>
    internal static async Task CompleteAsync(RepositoryChain chain, PruneOptions options, CancellationToken cancellationToken)
    {
        using var held = chain.Lock();
        using var folder = ChainFolder.Make(chain);
        await CompleteAsync(chain, folder, new PointMerger(chain, options), options, cancellationToken).ConfigureAwait(false);
    }

    private static async Task CompleteAsync(RepositoryChain chain, ChainFolder folder, PointMerger merger, PruneOptions options,
        CancellationToken cancellationToken)
    {
        foreach (var id in chain.Read(options.SignKey).Unfinished)
        {
            var contents = chain.Read(options.SignKey);
            var involved = contents.Points.Where(p => p.Id == id || p.Disks.Any(d => d.Parent == id || d.Merging == id));
            using var use = PointUse.TryTake(folder, involved)
                ?? throw new BackupException(BackupErrorCode.Busy,
                    $"The removal of point {id} was interrupted, and cannot be completed while another process reads the chain.",
                    "Wait until that has ended.");
            await merger.RemoveAsync(id, cancellationToken).ConfigureAwait(false);
        }
    }

    private static PrunePlan Plan(ChainContents contents, RetentionPolicy policy, PruneOptions options)
    {
        try
        {
            return new PrunePlanner(contents, policy, options).Plan();
        }
        catch (Exception e) when (e is InvalidDataException || FileFailure.Is(e))
        {
            throw FileFailure.ToBackupException(contents.Chain.Folder, e);
        }
    }

    // The rules were applied to what was there when the plan was made.
    private static (KeepReason Reason, string Why)? FindObstacle(
        ChainContents contents, RepositoryPoint point, List<RepositoryPoint> above)
    {
        if (point.Disks.Any(d => contents.NewestSound(d.Name)?.Id == point.Id))
            return (KeepReason.Newest, "It is the newest point from which a disk can be restored.");
        if (above.Exists(a => a.Disks.Any(d => d.Parent == point.Id && contents.FindFault(a, d) is not null)))
            return (KeepReason.Damaged, "A point that is built on it is damaged.");
        var needed = SpaceFor(contents, point, above);
        var free = new DriveInfo(contents.Chain.Folder).AvailableFreeSpace;
        return free >= needed ? null
            : (KeepReason.NoSpace, $"Merging it needs {needed} bytes at most, and {free} bytes are free in {contents.Chain.Folder}.");
    }

    // The most that is written before anything is removed.
    private static long SpaceFor(ChainContents contents, RepositoryPoint point, List<RepositoryPoint> above)
    {
        var needed = 0L;
        foreach (var name in point.Disks.Select(d => d.Name))
        {
            var below = point.FindDisk(name)!;
            List<(RepositoryPoint Point, PointDisk Disk)> disks =
                [.. above.Select(a => (Point: a, Disk: a.FindDisk(name)!)).Where(a => a.Disk?.Parent == point.Id)];
            needed += disks.Sum(d => HashMerge.CountNew(
                contents.Chain.HashesOf(d.Point, d.Disk), contents.Chain.HashesOf(point, below)) + Reserve);
            if (disks.Count < 2)
                continue;
            using var folder = OpenFolder.OpenOurs(contents.Chain.FilesOf(point, below).Folder, 3);
            if (!FileClone.IsFree(folder, DiskInspector.BackingOf(point.Id), point.Id + ChainLayout.MergedImageSuffix))
                needed += (disks.Count - 1) * below.FileSize;
        }

        return needed;
    }

    private static long SizeOf(RepositoryChain chain)
    {
        try
        {
            return new DirectoryInfo(chain.Folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(f => f.Length);
        }
        catch (Exception e) when (FileFailure.Is(e))
        {
            throw FileFailure.ToBackupException(chain.Folder, e);
        }
    }
}
