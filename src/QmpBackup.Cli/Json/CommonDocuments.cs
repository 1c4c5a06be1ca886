using System.Text.Json;

namespace QmpBackup.Cli.Json;

/// <summary>A failure, on standard error.</summary>
internal sealed record ErrorDocument(ErrorDto Error) : Document;

/// <summary>What failed.</summary>
internal sealed record ErrorDto(string Code, string Message, string? Hint);

/// <summary>What <c>qmp</c> prints: QEMU's answer, unchanged.</summary>
internal sealed record ReturnDocument(JsonElement Return) : Document;

/// <summary>Progress: one line with <c>--progress json</c>. Sizes in bytes.</summary>
internal sealed record ProgressDto(long Done, long Total, long BytesRead, double BytesPerSecond, double? RemainingSeconds);
