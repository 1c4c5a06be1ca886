namespace QmpBackup.Cli.Json;

/// <summary>A backup that was closed.</summary>
internal sealed record ClosedSessionDto(string Id, string? Chain, DateTime? StartedAt);
