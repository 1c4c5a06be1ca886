namespace QmpBackup.Cli.Json;

/// <summary>A point in a repository. <see cref="Sound"/> is false where a disk of it cannot be restored, and null where that is not known.</summary>
internal sealed record PointDto(
    string Id, string Vm, string Chain, string Checkpoint, string? Parent, DateTime CreatedAt, string QemuVersion, double? FrozenMilliseconds, IReadOnlyList<PointDiskDto> Disks, string? SignedBy,
    string? Uuid, bool? Sound, string? Problem);
