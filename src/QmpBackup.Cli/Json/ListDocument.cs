namespace QmpBackup.Cli.Json;

/// <summary>What <c>list</c> prints: the points, oldest first, and apart from them what is no sound point any more.</summary>
internal sealed record ListDocument(IReadOnlyList<PointDto> Points, IReadOnlyList<DamageDto> Damaged) : Document;
