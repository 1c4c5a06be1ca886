using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli.Json;

/// <summary>Writes documents for scripts.</summary>
internal static class JsonText
{
    // Readable: what is dangerous in HTML is harmless here, and what is dangerous on a terminal is escaped afterwards.
    public static CliJsonContext Context { get; } =
        new(new JsonSerializerOptions(CliJsonContext.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    /// <summary>The document with a line break at its end, harmless on a terminal too.</summary>
    public static string Of<T>(T document, JsonTypeInfo<T> typeInfo) =>
        TerminalText.EscapeJson(JsonSerializer.Serialize(document, typeInfo)) + "\n";
}

/// <summary>Null members are written too, so that a script finds every documented member.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.General, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true,
    NewLine = "\n")]
[JsonSerializable(typeof(ErrorDocument))]
[JsonSerializable(typeof(SessionDocument))]
[JsonSerializable(typeof(ThawDocument))]
[JsonSerializable(typeof(WatchDocument))]
[JsonSerializable(typeof(StatusDocument))]
[JsonSerializable(typeof(CloseDocument))]
[JsonSerializable(typeof(InspectDocument))]
[JsonSerializable(typeof(BitmapListDocument))]
[JsonSerializable(typeof(BitmapChangeDocument))]
[JsonSerializable(typeof(PlanDocument))]
[JsonSerializable(typeof(PointDocument))]
[JsonSerializable(typeof(ListDocument))]
[JsonSerializable(typeof(VerifyDocument))]
[JsonSerializable(typeof(RestoreDocument))]
[JsonSerializable(typeof(PruneDocument))]
[JsonSerializable(typeof(PinDocument))]
[JsonSerializable(typeof(ReturnDocument))]
[JsonSerializable(typeof(JsonElement))]
internal sealed partial class CliJsonContext : JsonSerializerContext;

/// <summary>Documents on one line.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.General, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ProgressDto))]
internal sealed partial class CompactJsonContext : JsonSerializerContext;

/// <summary>One JSON document on standard output or standard error. Later versions only add members.</summary>
internal abstract record Document
{
    [JsonPropertyOrder(-1)]
    public int SchemaVersion => 1;
}

/// <summary>A failure, on standard error.</summary>
internal sealed record ErrorDocument(ErrorDto Error) : Document;

/// <summary>What failed.</summary>
internal sealed record ErrorDto(string Code, string Message, string? Hint);

/// <summary>What <c>qmp</c> prints: QEMU's answer, unchanged.</summary>
internal sealed record ReturnDocument(JsonElement Return) : Document;

/// <summary>Progress: one line with <c>--progress json</c>. Sizes in bytes.</summary>
internal sealed record ProgressDto(long Done, long Total, long BytesRead, double BytesPerSecond, double? RemainingSeconds);
