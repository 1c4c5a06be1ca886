namespace QmpBackup.Cli.Json;

/// <summary>A dirty bitmap and where it is; <c>disk</c> is null for a node that is no disk of the guest's, such as a base image.</summary>
internal sealed record DiskBitmapDto(
    string? Disk, string Node, string Name, long Granularity, long Count, bool Recording, bool Busy, bool Persistent, bool Inconsistent);
