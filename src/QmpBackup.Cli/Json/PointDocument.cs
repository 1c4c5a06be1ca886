namespace QmpBackup.Cli.Json;

/// <summary>What <c>pull</c> and <c>run</c> print.</summary>
internal sealed record PointDocument(PointDto Point, long BytesReused, IReadOnlyList<string> Remarks) : Document;
