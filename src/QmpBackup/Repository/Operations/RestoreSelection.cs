namespace QmpBackup.Repository.Operations;

/// <summary>Selects what is restored, and explains why something cannot be.</summary>
internal static class RestoreSelection
{
    /// <summary>Finds the disks that are restored. A point need not contain all disks.</summary>
    /// <param name="contents">The chain.</param>
    /// <param name="id">A point's id; or <c>latest</c>: of each disk, the newest point that has it.</param>
    /// <param name="disk">The disk's name; null for all.</param>
    /// <returns>At least one, by name.</returns>
    /// <exception cref="BackupException">There is no such point or disk, or it cannot be trusted.</exception>
    public static List<(RepositoryPoint Point, PointDisk Disk)> Find(ChainContents contents, string id, string? disk)
    {
        var isLatest = id == "latest";
        if (contents.Broken.FirstOrDefault(b => isLatest ? contents.Points.IsEmpty : b.Id.Value == id) is { } broken)
        {
            throw new BackupException(
                broken.IsUnread ? BackupErrorCode.Storage
                : BackupErrorCode.VerificationFailed,
                $"Point {broken.Id} {(broken.IsUnread ? "cannot be read" : "is damaged")}: {broken.Problem}.",
                Advice.Of($"{Feature.List} shows the others."));
        }

        if (contents.Find(id) is not { } point)
        {
            throw new BackupException(BackupErrorCode.InvalidArgument, contents.Points.IsEmpty ? "There is no point here."
                : $"There is no point {id}.", Advice.Of($"{Feature.List} shows what there is."));
        }

        var points = isLatest ? contents.Points.Reverse() : [point];
        List<(RepositoryPoint Point, PointDisk Disk)> found = [.. points.SelectMany(p => p.Disks.Select(d => (p, d)))
            .DistinctBy(d => d.d.Name).Where(d => disk is null || d.d.Name == disk)
            .OrderBy(d => d.d.Name, StringComparer.Ordinal)];
        if (found.Count == 0)
        {
            throw new BackupException(
                BackupErrorCode.InvalidArgument, isLatest ? $"No point has a disk {disk}." : $"Point {id} has no disk {disk}.",
                $"There are: {string.Join(", ", NamesOf(points))}.");
        }

        // A point that cannot be read may be newer, and may contain any disk.
        if (isLatest && contents.Broken.LastOrDefault(b => found.Exists(f => IsNewer(b.Id, f.Point.Id))) is { } newer)
        {
            throw new BackupException(newer.IsUnread ? BackupErrorCode.Storage : BackupErrorCode.VerificationFailed,
                $"The newest point {newer.Id} {(newer.IsUnread ? "cannot be read" : "is damaged")}: {newer.Problem}.",
                HintOf(contents, found.First(f => IsNewer(newer.Id, f.Point.Id)).Disk.Name, newer.Id));
        }

        foreach (var (one, _) in found)
        {
            if (contents.FindDistrust(one) is { } distrust)
            {
                throw new BackupException(BackupErrorCode.VerificationFailed, $"Point {one.Id} cannot be trusted: {distrust}.",
                    Advice.Of($"{Feature.Verify} tells which points can."));
            }
        }

        return found;
    }

    private static IEnumerable<string> NamesOf(IEnumerable<RepositoryPoint> points) =>
        points.SelectMany(p => p.Disks.Select(d => d.Name)).Distinct().Order(StringComparer.Ordinal);

    // Compares the seconds, with which ids begin. Of two points of the same second, either may be newer.
    private static bool IsNewer(CheckpointId id, CheckpointId than) => id.Time >= than.Time;

    /// <summary>The exception for a disk that cannot be restored.</summary>
    /// <param name="contents">The chain.</param>
    /// <param name="point">The point.</param>
    /// <param name="disk">The disk.</param>
    /// <param name="fault">What is wrong.</param>
    public static BackupException Damaged(ChainContents contents, RepositoryPoint point, PointDisk disk, DiskFault fault) => fault.IsUnread
        ? new(BackupErrorCode.Storage, fault.Point == point.Id ? $"Disk {disk.Name} of point {point.Id} cannot be read: {fault.Problem}."
            : $"Disk {disk.Name} of point {point.Id} cannot be read, "
                + $"as point {fault.Point}, which it is built on, cannot: {fault.Problem}.",
            Advice.Of($"Check whether the repository's file system works. {Feature.Verify} tells whether the point is sound."))
        : new(BackupErrorCode.VerificationFailed,
        fault.Point == point.Id ? $"Disk {disk.Name} of point {point.Id} {fault.Predicate}: {fault.Problem}."
            : $"Disk {disk.Name} of point {point.Id} cannot be restored: point {fault.Point}, which it is built on, {fault.Predicate}: "
                + $"{fault.Problem}.",
        HintOf(contents, disk.Name, fault.Point));

    private static Advice HintOf(ChainContents contents, string disk, CheckpointId damaged)
    {
        var sound = contents.Points.LastOrDefault(p => p.FindDisk(disk) is { } one && contents.FindFault(p, one) is null
            && !contents.LineOf(p, one).Exists(l => l.Point.Id == damaged));
        var newest = sound is null ? $"No point of disk {disk} is sound." : $"The newest sound point of disk {disk} is {sound.Id}.";
        return Advice.Of($"{newest} {Feature.Verify} tells which points are sound.");
    }
}
