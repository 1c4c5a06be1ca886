namespace QmpBackup.Cli.Json;

/// <summary>
/// What is the matter with a disk of a point: <see cref="DamagedPoint"/> is the point where it is wrong, this one or one that it is built on. With <see cref="Unread"/> it
/// could not be read, and nothing is known of it.
/// </summary>
internal sealed record VerifyResultDto(string Vm, string Chain, string Point, string? Disk, bool Sound, string? Problem, string? DamagedPoint, bool Unread, string? Signature);
