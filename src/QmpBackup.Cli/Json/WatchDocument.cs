namespace QmpBackup.Cli.Json;

/// <summary>What <c>watch</c> prints: <c>closed</c> or <c>nothing-open</c>.</summary>
internal sealed record WatchDocument(string Ended) : Document;
