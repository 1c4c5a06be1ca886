namespace QmpBackup.Cli.Json;

/// <summary>A point in a repository.</summary>
internal sealed record PointDto(
    string Id, string Vm, string Chain, string Checkpoint, string? Parent, DateTime CreatedAt, string QemuVersion, double? FrozenMilliseconds, IReadOnlyList<PointDiskDto> Disks, string? SignedBy);
