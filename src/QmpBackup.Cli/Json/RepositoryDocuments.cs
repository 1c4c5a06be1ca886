namespace QmpBackup.Cli.Json;

/// <summary>What <c>pull</c> and <c>run</c> print.</summary>
internal sealed record PointDocument(PointDto Point, long BytesReused, IReadOnlyList<string> Remarks) : Document;

/// <summary>What <c>list</c> prints: the points, oldest first, and the damaged ones apart from them.</summary>
internal sealed record ListDocument(IReadOnlyList<PointDto> Points, IReadOnlyList<DamageDto> Damaged) : Document;

/// <summary>What <c>verify</c> prints.</summary>
internal sealed record VerifyDocument(bool Sound, IReadOnlyList<VerifyResultDto> Results) : Document;

/// <summary>What <c>restore</c> prints.</summary>
internal sealed record RestoreDocument(IReadOnlyList<RestoredDto> Restored) : Document;

/// <summary>
/// A point in a repository. <see cref="Sound"/> is false if a disk of it cannot be restored, and null if that is not known.
/// </summary>
internal sealed record PointDto(
    string Id, string Vm, string Chain, string Checkpoint, string? Parent, DateTime CreatedAt, string QemuVersion,
        double? FrozenMilliseconds,
    IReadOnlyList<PointDiskDto> Disks, string? SignedBy, string? Uuid, bool? Sound, string? Problem);

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
