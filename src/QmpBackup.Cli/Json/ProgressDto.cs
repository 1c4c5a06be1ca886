namespace QmpBackup.Cli.Json;

/// <summary>How far it is: one line with <c>--progress json</c>. Sizes in bytes.</summary>
internal sealed record ProgressDto(long Done, long Total, long BytesRead, double BytesPerSecond, double? RemainingSeconds);
