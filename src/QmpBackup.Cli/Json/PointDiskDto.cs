namespace QmpBackup.Cli.Json;

/// <summary>One disk of a point. <see cref="File"/> is relative to the repository; <see cref="DamagedPoint"/> is where it is wrong, this point or one that it is built on.</summary>
internal sealed record PointDiskDto(
    string Name, string Node, string Level, string Reason, string? Parent, long Size, long BytesRead, long BytesZero, long BytesWritten, string File, long FileSize, double Seconds,
    bool? Sound, string? Problem, string? DamagedPoint);
