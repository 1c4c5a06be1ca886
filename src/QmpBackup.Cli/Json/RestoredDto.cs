namespace QmpBackup.Cli.Json;

/// <summary>A restored disk.</summary>
internal sealed record RestoredDto(string Point, string Disk, string To, string Format, long Size, double Seconds);
