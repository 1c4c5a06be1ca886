using System.Collections.Immutable;

namespace QmpBackup.Cli.Json;

/// <summary>What <c>pull</c> and <c>run</c> print.</summary>
internal sealed record PointDocument(PointDto Point, long BytesReused, IReadOnlyList<string> Remarks) : Document;

/// <summary>What <c>list</c> prints: the points, oldest first, and the damaged ones apart from them.</summary>
internal sealed record ListDocument(IReadOnlyList<PointDto> Points, IReadOnlyList<DamageDto> Damaged) : Document;

/// <summary>What <c>verify</c> prints.</summary>
internal sealed record VerifyDocument(bool Sound, IReadOnlyList<VerifyResultDto> Results) : Document;

/// <summary>What <c>prune</c> prints.</summary>
internal sealed record PruneDocument(
    IReadOnlyList<KeptDto> Kept, IReadOnlyList<PointNameDto> Removed, long BytesFreed, bool DryRun) : Document;

/// <summary>A point that stays, and why.</summary>
internal sealed record KeptDto(string Vm, string Chain, string Id, IReadOnlyList<KeepReason> Reasons);

/// <summary>A point.</summary>
internal sealed record PointNameDto(string Vm, string Chain, string Id);

/// <summary>What <c>pin</c> and <c>unpin</c> print.</summary>
internal sealed record PinDocument(PointNameDto Point, bool Pinned) : Document;

/// <summary>What <c>restore</c> prints.</summary>
internal sealed record RestoreDocument(IReadOnlyList<RestoredDto> Restored) : Document;

/// <summary>
/// A point in a repository. <see cref="Sound"/> is false if a disk of it cannot be restored, and null if that is not known.
/// </summary>
internal sealed record PointDto(
    string Id, string Vm, string Chain, string Checkpoint, string? Parent, DateTime CreatedAt, string QemuVersion,
        double? FrozenMilliseconds,
    IReadOnlyList<PointDiskDto> Disks, string? SignedBy, string? Uuid, bool? Sound, string? Problem, bool Pinned);

/// <summary>
/// One disk of a point. <see cref="File"/> is relative to the repository. <see cref="DamagedPoint"/> is the damaged point: this one, or
/// one that it is built on.
/// </summary>
internal sealed record PointDiskDto(
    string Name, string Node, string Level, string Reason, string? Parent, long Size, long BytesRead, long BytesZero, long BytesWritten,
        string File,
    long FileSize, double Seconds,
    bool? Sound, string? Problem, string? DamagedPoint);

/// <summary>A point whose description was altered.</summary>
internal sealed record DamageDto(string Vm, string Chain, string Id, string Problem);

/// <summary>
/// The state of a disk of a point. <see cref="DamagedPoint"/> is the damaged point: this one, or one that it is built on. With <see
/// cref="Unread"/> the disk could not be read, and nothing is known of it.
/// </summary>
internal sealed record VerifyResultDto(
    string Vm, string Chain, string Point, string? Disk, bool Sound, string? Problem, string? DamagedPoint, bool Unread, string? Signature);

/// <summary>A restored disk.</summary>
internal sealed record RestoredDto(string Point, string Disk, string To, string Format, long Size, double Seconds);

/// <summary>Makes JSON documents from a repository's records.</summary>
internal static class RepositoryContract
{
    /// <summary>A point that was taken.</summary>
    public static PointDto Point(RepositoryChain chain, RepositoryPoint point) =>
        Point(chain, point, [.. point.Disks.Select(d => Disk(chain, point, d) with { Sound = null })]);

    /// <summary>A point, and whether it can be restored.</summary>
    public static PointDto Point(ChainContents contents, RepositoryPoint point) =>
        Point(contents.Chain, point, [.. point.Disks.Select(d => contents.Glance(point, d) is not { } fault ? Disk(contents.Chain, point, d)
            : Disk(contents.Chain, point, d) with { Sound = fault.IsUnread ? null : false, Problem = fault.Problem,
            DamagedPoint = fault.Point.Value })]) with
        { Pinned = contents.IsPinned(point.Id) };

    /// <summary>All points of some chains.</summary>
    public static ListDocument List(IReadOnlyList<ChainContents> chains) => new(
        [.. chains.SelectMany(WithTimes).OrderBy(p => p.Time).Select(p => Point(p.Contents, p.Point))],
        [.. chains.SelectMany(c => c.Broken.Select(b => new DamageDto(c.Chain.Vm, c.Chain.Chain.Value, b.Id.Value, b.Problem)))]);

    // The chains are sorted together by time. Each stays in its own order, even where a clock was set back.
    private static IEnumerable<(DateTimeOffset Time, ChainContents Contents, RepositoryPoint Point)> WithTimes(ChainContents contents)
    {
        var latest = DateTimeOffset.MinValue;
        foreach (var point in contents.Points)
        {
            if (point.CreatedAt > latest)
                latest = point.CreatedAt;
            yield return (latest, contents, point);
        }
    }

    private static PointDto Point(RepositoryChain chain, RepositoryPoint point, ImmutableArray<PointDiskDto> disks) => new(
        point.Id.Value, point.Vm, point.Chain.Value, point.Checkpoint.Value, point.Parent?.Value, point.CreatedAt.UtcDateTime,
            point.QemuVersion,
            point.FrozenMilliseconds,
        disks, point.Signature?.Key, point.Uuid,
        disks.Any(d => d.Sound == false) ? false : disks.Any(d => d.Sound is null) ? null : true,
        disks.OrderBy(d => d.Sound is null).FirstOrDefault(d => d.Problem is not null)?.Problem, false);

    private static PointDiskDto Disk(RepositoryChain chain, RepositoryPoint point, PointDisk disk) => new(
        disk.Name, disk.Node, Contract.Word(disk.Level), disk.Reason, disk.Parent?.Value, disk.Size, disk.BytesRead, disk.BytesZero,
            disk.BytesWritten,
        chain.RelativePath(point, disk), disk.FileSize, disk.Seconds, true, null, null);

    public static VerifyResultDto Result(VerifyResult result) =>
        new(result.Vm, result.Chain.Value, result.Point.Value, result.Disk, result.IsSound, result.Fault?.Problem,
            result.Fault?.Point.Value,
            result.Fault is { IsUnread: true }, result.Disk is null ? null : Word(result.Signature));

    public static string Word(SignatureState state) => state switch
    {
        SignatureState.None => "none",
        SignatureState.Unchecked => "unchecked",
        SignatureState.Valid => "valid",
        SignatureState.Wrong => "wrong",
        _ => throw new InvalidOperationException($"The contract has no word for {state}."),
    };

    public static PruneDocument Pruned(IReadOnlyList<PrunePlan> plans, bool isDryRun) => new(
        [.. plans.SelectMany(p => p.Kept.Select(k => new KeptDto(p.Chain.Vm, p.Chain.Chain.Value, k.Point.Id.Value, k.Reasons)))],
        [.. plans.SelectMany(p => p.Removed.Select(r => Name(p.Chain, r.Point.Id)))], plans.Sum(p => p.BytesFreed), isDryRun);

    public static PointNameDto Name(RepositoryChain chain, CheckpointId point) => new(chain.Vm, chain.Chain.Value, point.Value);

    public static RestoredDto Restored(RestoredDisk disk) =>
        new(disk.Point.Value, disk.Disk, disk.Target, disk.Format == ImageFormat.Raw ? "raw" : "qcow2", disk.Size, disk.Seconds);
}
