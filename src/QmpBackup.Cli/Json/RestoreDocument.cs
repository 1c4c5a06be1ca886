namespace QmpBackup.Cli.Json;

/// <summary>What <c>restore</c> prints.</summary>
internal sealed record RestoreDocument(IReadOnlyList<RestoredDto> Restored) : Document;
