using System.Collections.Immutable;
using QmpBackup.Host;
using QmpBackup.Repository;
using QmpBackup.Repository.Operations;
using QmpBackup.Transfer;

namespace QmpBackup;

/// <summary>Verifies that a repository holds what was stored in it.</summary>
public static class RepositoryVerifier
{
    /// <summary>
    /// Verifies what is meant of a repository: one point and what it is built on if a point is named, else every point of the chains.
    /// </summary>
    /// <param name="repository">The repository.</param>
    /// <param name="selection">What is meant.</param>
    /// <param name="quick">Whether to check only structure and sizes.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>One entry for each point and disk; at least one.</returns>
    /// <exception cref="BackupException">
    /// Nothing of these names is there, the repository cannot be read, or no image at all can be read.
    /// </exception>
    public static async Task<ImmutableArray<VerifyResult>> VerifyAsync(
        BackupRepository repository, PointSelection selection, bool quick, CheckOptions? options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(repository);
        ArgumentNullException.ThrowIfNull(selection);
        var (vm, chain) = (selection.Vm, selection.Chain);
        var chains = selection.Point is null ? repository.FindChains(vm, chain) : [repository.FindChain(vm, chain)];
        if (chains.IsEmpty)
            throw BackupRepository.Empty();
        var results = ImmutableArray.CreateBuilder<VerifyResult>();
        foreach (var one in chains)
        {
            results.AddRange(await VerifyAsync(one, selection.Point, selection.Disk, quick, options, cancellationToken)
                .ConfigureAwait(false));
        }

        return results.Count > 0 ? results.ToImmutable()
            : throw new BackupException(BackupErrorCode.InvalidArgument, "The repository holds no complete point yet.",
                Advice.Of($"{Feature.List} shows what there is."));
    }

    /// <summary>
    /// Verifies points. Each block is read once, in the point that holds it. A point is sound if its own blocks are, and those of every
    /// point that it is built on. The repository remembers what is damaged, if it can be written: no
    /// increment is taken on a damaged point. What could not be read is reported, and not remembered.
    /// </summary>
    /// <param name="chain">The chain.</param>
    /// <param name="pointId">
    /// A point's id, or <c>latest</c>; null for all. The points that it is built on are verified too, and are in the results.
    /// </param>
    /// <param name="disk">A disk's name; null for all.</param>
    /// <param name="quick">Whether to check only structure and sizes.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>One entry for each point and disk, oldest first.</returns>
    /// <exception cref="BackupException">
    /// There is no such point or disk, the repository cannot be read, or no image at all can be read. A point is being removed
    /// (<see cref="BackupErrorCode.Busy"/>).
    /// </exception>
    public static async Task<ImmutableArray<VerifyResult>> VerifyAsync(
        RepositoryChain chain, string? pointId = null, string? disk = null, bool quick = false, CheckOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(chain);
        options ??= new CheckOptions();
        var contents = chain.Read(options.SignKey, options.RequireSignature);
        if (!contents.Unfinished.IsEmpty)
        {
            await RepositoryPruner.CompleteAsync(chain, new PruneOptions { Tools = options.Tools, SignKey = options.SignKey },
                cancellationToken).ConfigureAwait(false);
            contents = chain.Read(options.SignKey, options.RequireSignature);
        }

        var results = ImmutableArray.CreateBuilder<VerifyResult>();
        results.AddRange(contents.Broken.Where(b => pointId is null || b.Id.Value == pointId)
            .Select(b => new VerifyResult(chain.Vm, chain.Chain, b.Id, null, new DiskFault(b.Id, b.Problem) { IsUnread = b.IsUnread })));
        var wanted = Wanted(contents, pointId, disk, results.Count > 0);
        using var use = PointUse.Share(contents, wanted.Select(w => w.Point));
        var meter = new ProgressMeter(quick ? 0 : wanted.Sum(w => w.Disk.BytesWritten), options.Progress, options.TimeProvider);
        var found = new Dictionary<(CheckpointId, string), DiskFault?>();
        foreach (var (point, one) in wanted)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var distrust = contents.FindDistrust(point) is { } reason ? new DiskFault(point.Id, reason) { IsUntrusted = true } : null;
            var fault = distrust ?? contents.FindFault(point, one, quick ? Inspection.Full : Inspection.FilesOnly);
            // A wrong signature says nothing about the content: with the right key the point may be sound. So nothing is noted.
            if (distrust is not null)
            {
                meter.Expect(-one.BytesWritten);
            }
            else if (!quick)
            {
                var below = one.Parent is { } parent ? found.GetValueOrDefault((parent, one.Name)) : null;
                // A fault that the files show needs no reading, and shows again the next time. What is built on it is not read.
                if (fault is not null || below is not null)
                    meter.Expect(-one.BytesWritten);
                else
                    fault = await ReadAsync(chain, point, one, options, meter, cancellationToken).ConfigureAwait(false);
                fault ??= below;
            }

            found[(point.Id, one.Name)] = fault;
            results.Add(new VerifyResult(chain.Vm, chain.Chain, point.Id, one.Name, fault) { Signature = point.SignatureState });
        }

        meter.Finish();
        return results.ToImmutable();
    }

    private static List<(RepositoryPoint Point, PointDisk Disk)> Wanted(
        ChainContents contents, string? pointId, string? disk, bool anyBroken)
    {
        if (pointId is not null && contents.Find(pointId) is null)
        {
            return anyBroken ? [] : throw new BackupException(
                BackupErrorCode.InvalidArgument, $"There is no point {pointId}.", Advice.Of($"{Feature.List} shows what there is."));
        }

        var meant = pointId is null ? null : contents.Find(pointId);
        var wanted = new HashSet<(CheckpointId Point, string Disk)>();
        foreach (var point in contents.Points.Where(p => meant is null || p == meant))
        {
            foreach (var one in point.Disks.Where(d => disk is null || d.Name == disk))
            {
                // Each disk has its own parents: a point need not contain all disks.
                var (next, parent) = ((RepositoryPoint?)point, (PointDisk?)one);
                while (next is not null && parent is not null && wanted.Add((next.Id, one.Name)))
                {
                    (next, parent) = parent.Parent is { } id && contents.Find(id) is { } below ? (below, below.FindDisk(one.Name))
                        : (null, null);
                }
            }
        }

        return wanted.Count == 0 && disk is not null ? throw new BackupException(
            BackupErrorCode.InvalidArgument, $"No point has a disk {disk}.", Advice.Of($"{Feature.List} shows what there is."))
            : [.. contents.Points.SelectMany(p => p.Disks.Where(d => wanted.Contains((p.Id, d.Name))).Select(d => (p, d)))];
    }

    /// <summary>
    /// Reads what a point itself holds of a disk. Remembers that the disk is damaged, or forgets it if the disk is sound.
    /// </summary>
    /// <param name="chain">The chain.</param>
    /// <param name="point">The point.</param>
    /// <param name="disk">The disk.</param>
    /// <param name="options">How.</param>
    /// <param name="meter">Receives progress.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>What is wrong, or why it could not be read; null where it is sound.</returns>
    /// <exception cref="BackupException">No image at all can be read here.</exception>
    internal static async Task<DiskFault?> ReadAsync(
        RepositoryChain chain, RepositoryPoint point, PointDisk disk, CheckOptions options, ProgressMeter meter,
        CancellationToken cancellationToken)
    {
        var stored = new StoredDisk(options.Tools, chain.FilesOf(point, disk).Image, [chain.HashesOf(point, disk)]);
        var verdict = await DiskJudge.JudgeAsync(stored, meter, options.TimeProvider, cancellationToken).ConfigureAwait(false);
        if (verdict.Obstacle is { } obstacle)
            return new DiskFault(point.Id, obstacle) { IsUnread = true };
        Remember(chain, point, disk, verdict.Problem);
        return verdict.Problem is { } problem ? new DiskFault(point.Id, problem) : null;
    }

    /// <summary>Remembers that a disk of a point is damaged, so that nothing is built on it; or forgets it.</summary>
    /// <param name="chain">The chain.</param>
    /// <param name="point">The point.</param>
    /// <param name="disk">The disk.</param>
    /// <param name="problem">What is wrong; null to forget.</param>
    internal static void Remember(RepositoryChain chain, RepositoryPoint point, PointDisk disk, string? problem)
    {
        try
        {
            DiskInspector.WriteNote(chain.FilesOf(point, disk), problem);
        }
        catch (Exception e) when (FileFailure.Is(e))
        {
            // A read-only repository can still be verified and restored from.
        }
    }
}

/// <summary>What a verification found of one disk of one point.</summary>
/// <param name="Vm">The VM.</param>
/// <param name="Chain">The chain.</param>
/// <param name="Point">The point.</param>
/// <param name="Disk">The disk; null where the whole point is wrong.</param>
/// <param name="Fault">What is wrong, and in which point, or why it could not be read; null where the disk is sound.</param>
public sealed record VerifyResult(string Vm, ChainName Chain, CheckpointId Point, string? Disk, DiskFault? Fault)
{
    /// <summary>The state of the point's signature.</summary>
    public SignatureState Signature { get; init; }

    /// <summary>Whether the disk can be restored as it was.</summary>
    public bool IsSound => Fault is null;
}

/// <summary>Which points of a repository are meant.</summary>
public sealed record PointSelection
{
    /// <summary>The VM's name; null for all VMs, or the only one.</summary>
    public string? Vm { get; init; }

    /// <summary>The chain; null for all chains, or the only one, or the one that is called <c>default</c>.</summary>
    public ChainName? Chain { get; init; }

    /// <summary>A point's id, or <c>latest</c>; null for all points.</summary>
    public string? Point { get; init; }

    /// <summary>A disk's name; null for all disks.</summary>
    public string? Disk { get; init; }
}
