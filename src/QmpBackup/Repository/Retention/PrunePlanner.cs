using System.Collections.Immutable;
using QmpBackup.Hashes;

namespace QmpBackup.Repository.Retention;

/// <summary>Decides which points of a chain go.</summary>
/// <param name="contents">The chain.</param>
/// <param name="policy">The rules.</param>
/// <param name="options">How points are removed.</param>
internal sealed class PrunePlanner(ChainContents contents, RetentionPolicy policy, PruneOptions options)
{
    private readonly Dictionary<CheckpointId, SortedSet<KeepReason>> _reasons =
        contents.Points.ToDictionary(p => p.Id, _ => new SortedSet<KeepReason>());

    // The points that are built on each point.
    private readonly ILookup<CheckpointId, RepositoryPoint> _above =
        (from point in contents.Points
         from parent in point.Disks.Select(d => d.Parent).OfType<CheckpointId>().Distinct()
         select (parent, point)).ToLookup(p => p.parent, p => p.point);

    private readonly Dictionary<CheckpointId, Advice> _explanations = [];

    /// <summary>Decides.</summary>
    public PrunePlan Plan()
    {
        Name();
        KeepNewest();
        foreach (var point in contents.Points.Where(p => contents.IsPinned(p.Id)))
            Keep(point, KeepReason.Pinned);
        Count([.. contents.Points]);
        // A damaged point does not take the place of a sound one.
        var sound = contents.Points.Where(p => p.Disks.All(d => contents.FindFault(p, d) is null)).ToList();
        if (sound.Count < contents.Points.Length)
            Count(sound);
        KeepWhatCannotBeMerged();
        var heirs = Heirs();
        var removed = contents.Points.Where(p => IsRemoved(p.Id)).ToImmutableArray();
        return new PrunePlan(contents.Chain,
            [
                .. contents.Points.Where(p => !IsRemoved(p.Id)).Select(
                    p => new KeptPoint(p, [.. _reasons[p.Id]]) { Explanation = _explanations.GetValueOrDefault(p.Id) }),
            ],
            [.. removed.Select(p => new RemovedPoint(p, heirs[p.Id]))])
        {
            BytesFreed = removed.Sum(p => BytesOf(p, isMerged: !heirs[p.Id].IsEmpty)),
            Unfinished = contents.Unfinished,
        };
    }

    // Points that are named go, all others stay.
    private void Name()
    {
        foreach (var id in policy.Remove)
        {
            if (contents.Find(id) is null && !contents.Unfinished.Contains(id))
            {
                throw new BackupException(BackupErrorCode.InvalidArgument, $"There is no point {id}.",
                    Advice.Of($"{Feature.List} shows what there is."));
            }
        }

        if (policy.HasRules)
            return;
        foreach (var point in contents.Points.Where(p => !policy.Remove.Contains(p.Id)))
            Keep(point, KeepReason.NotNamed);
    }

    // Whatever the rules say: each disk can be restored from a point, and the VM can build its next increment on one.
    private void KeepNewest()
    {
        foreach (var name in contents.Points.SelectMany(p => p.Disks.Select(d => d.Name)).Distinct())
        {
            if (contents.NewestSound(name) is { } newest)
                Keep(newest, KeepReason.Newest);
            if (contents.Points.LastOrDefault(
                p => p.FindDisk(name) is { } disk && disk.Level != BackupLevel.Copy && contents.FindFault(p, disk) is null) is { } parent)
            {
                Keep(parent, KeepReason.Newest);
            }

            // Where no point is sound, the newest is the best there is.
            if (contents.NewestSound(name) is null)
                Keep(contents.Points.Last(p => p.FindDisk(name) is not null), KeepReason.Damaged);
        }
    }

    private void Count(List<RepositoryPoint> points)
    {
        if (!policy.HasRules || points.Count == 0)
            return;
        if (policy.KeepWithin is { } within)
        {
            foreach (var point in points.Where(p => points[^1].CreatedAt - p.CreatedAt <= within))
                Keep(point, KeepReason.Within);
        }

        foreach (var (reason, count, period) in policy.Counts)
        {
            var left = count ?? 0;
            DateTimeOffset? last = null;
            for (var i = points.Count - 1; i >= 0 && left > 0; i--)
            {
                var local = TimeZoneInfo.ConvertTime(points[i].CreatedAt, options.TimeProvider.LocalTimeZone);
                if (reason != KeepReason.Last && period(local) == last)
                    continue;
                last = period(local);
                left--;
                Keep(points[i], reason);
            }
        }
    }

    // A point that is built on a removed one takes over what it inherits from it. Where that cannot be done, both stay.
    private void KeepWhatCannotBeMerged()
    {
        for (var isSettled = false; !isSettled;)
        {
            isSettled = true;
            var heirs = Heirs();
            foreach (var point in contents.Points.Where(p => IsRemoved(p.Id)))
            {
                var needed = _above[point.Id].Where(a => !IsRemoved(a.Id) || heirs[a.Id].Length > 0);
                if (needed.Select(above => Obstacle(point, above)).FirstOrDefault(o => o is not null) is not { } obstacle)
                    continue;
                Keep(point, obstacle.Reason);
                _explanations[point.Id] = obstacle.Why;
                isSettled = false;
            }
        }
    }

    private (KeepReason Reason, Advice Why)? Obstacle(RepositoryPoint point, RepositoryPoint above)
    {
        foreach (var disk in above.Disks.Where(d => d.Parent == point.Id))
        {
            if (contents.FindFault(above, disk) is { } fault)
            {
                return (KeepReason.Damaged, fault.Point == above.Id
                    ? $"Point {above.Id} is built on it, and its disk {disk.Name} {fault.Predicate}."
                    : $"Its disk {disk.Name} {fault.Predicate}, and point {above.Id} is built on it.");
            }
        }

        return above.Signature is null && point.Signature is null ? null
            : options.SignKey is { CanSign: true } && above.SignatureState == SignatureState.Valid
                && point.SignatureState == SignatureState.Valid ? null
            : (KeepReason.NeedsKey, Advice.Of(
                $"Point {above.Id} is built on it and is signed. Name the private key with {Feature.SignKey}."));
    }

    // For each removed point, those that stay and take over what it has: the nearest above it. A chain can be long, so without recursion.
    private Dictionary<CheckpointId, ImmutableArray<CheckpointId>> Heirs()
    {
        var heirs = new Dictionary<CheckpointId, ImmutableArray<CheckpointId>>();
        foreach (var point in contents.Points.Reverse())
        {
            heirs[point.Id] =
            [
                .. _above[point.Id].SelectMany(a => IsRemoved(a.Id) ? heirs.GetValueOrDefault(a.Id, []) : [a.Id]).Distinct(),
            ];
        }

        return heirs;
    }

    private long BytesOf(RepositoryPoint point, bool isMerged) => !isMerged ? point.Disks.Sum(d => d.FileSize)
        : _above[point.Id].Sum(above => above.Disks.Where(d => d.Parent == point.Id).Sum(d => MergedBytes(point, above, d)));

    // What both have goes once.
    private long MergedBytes(RepositoryPoint point, RepositoryPoint above, PointDisk disk)
    {
        var below = point.FindDisk(disk.Name)!;
        return Math.Max(0, disk.FileSize - HashMerge.CountNew(contents.Chain.HashesOf(above, disk), contents.Chain.HashesOf(point, below)));
    }

    private bool IsRemoved(CheckpointId id) => _reasons[id].Count == 0;

    private void Keep(RepositoryPoint point, KeepReason reason) => _reasons[point.Id].Add(reason);
}
