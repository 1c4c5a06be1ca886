using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli.Json;

/// <summary>Writes documents for scripts.</summary>
internal static class JsonText
{
    // Readable: what is dangerous in HTML is harmless here, and what is dangerous on a terminal is escaped afterwards.
    public static CliJsonContext Context { get; } =
        new(new JsonSerializerOptions(CliJsonContext.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    /// <summary>The document, with a line break at its end, and harmless on a terminal too.</summary>
    public static string Of<T>(T document, JsonTypeInfo<T> typeInfo) => TerminalText.EscapeJson(JsonSerializer.Serialize(document, typeInfo)) + "\n";
}
