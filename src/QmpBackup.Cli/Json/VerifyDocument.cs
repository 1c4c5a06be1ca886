namespace QmpBackup.Cli.Json;

/// <summary>What <c>verify</c> prints.</summary>
internal sealed record VerifyDocument(bool Sound, IReadOnlyList<VerifyResultDto> Results) : Document;
