namespace QmpBackup.Cli.Json;

/// <summary>What failed.</summary>
internal sealed record ErrorDto(string Code, string Message, string? Hint);
