namespace QmpBackup.Cli.Json;

/// <summary>What <c>thaw</c> prints: how many file systems were thawed; null if the agent did not say.</summary>
internal sealed record ThawDocument(long? Thawed) : Document;
