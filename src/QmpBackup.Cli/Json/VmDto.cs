namespace QmpBackup.Cli.Json;

/// <summary>A VM.</summary>
internal sealed record VmDto(string? Name, string? Uuid, string Version, string? Status);
