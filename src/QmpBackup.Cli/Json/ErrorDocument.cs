namespace QmpBackup.Cli.Json;

/// <summary>A failure, on standard error.</summary>
internal sealed record ErrorDocument(ErrorDto Error) : Document;
