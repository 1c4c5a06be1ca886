namespace QmpBackup.Cli.Json;

/// <summary>What a plan does with a disk.</summary>
internal sealed record PlanDiskDto(string Name, string Node, string? Device, long Size, string Level, string Reason, string? Parent);
