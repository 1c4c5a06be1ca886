namespace QmpBackup.Cli.Json;

/// <summary>What <c>start</c> prints.</summary>
internal sealed record SessionDocument(SessionDto? Session, IReadOnlyList<string> Remarks) : Document;
