using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace QmpBackup.Qmp;

/// <summary>Turns a message into text for the log, without secrets.</summary>
internal static class PayloadRedactor
{
    public const string Redacted = "***";
    private const int MaxLength = 8 * 1024;

    private static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
        MaxDepth = 4096,
    };

    /// <summary>The message on one line. Of a message that cannot be parsed only the size is shown: it may hold a secret.</summary>
    public static string Redact(ReadOnlySpan<byte> json, int maxDepth)
    {
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = maxDepth });
            using var document = JsonDocument.ParseValue(ref reader);
            var buffer = new ArrayBufferWriter<byte>(Math.Max(json.Length, 256));
            using (var writer = new Utf8JsonWriter(buffer, WriterOptions))
                Write(writer, document.RootElement, holdsSecret: false);
            return PeerText.Escape(Encoding.UTF8.GetString(buffer.WrittenSpan), MaxLength);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or ArgumentException)
        {
            return string.Create(CultureInfo.InvariantCulture, $"({json.Length} bytes that cannot be shown)");
        }
    }

    private static void Write(Utf8JsonWriter writer, JsonElement element, bool holdsSecret)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                WriteObject(writer, element, holdsSecret);
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in element.EnumerateArray())
                    Write(writer, item, holdsSecret);
                writer.WriteEndArray();
                break;
            default:
                element.WriteTo(writer);
                break;
        }
    }

    private static void WriteObject(Utf8JsonWriter writer, JsonElement element, bool holdsSecret)
    {
        // object-add has a secret in "data", or in "props" in old versions.
        holdsSecret |= element.TryGetProperty("qom-type"u8, out var type)
            && type.ValueKind == JsonValueKind.String
            && type.GetString()!.StartsWith("secret", StringComparison.Ordinal);
        writer.WriteStartObject();
        foreach (var property in element.EnumerateObject())
        {
            writer.WritePropertyName(property.Name);
            if (IsSecret(property, holdsSecret))
                writer.WriteStringValue(Redacted);
            else
                Write(writer, property.Value, holdsSecret);
        }

        writer.WriteEndObject();
    }

    private static bool IsSecret(JsonProperty property, bool holdsSecret)
    {
        if (property.Value.ValueKind is not (JsonValueKind.String or JsonValueKind.Number))
            return false;
        return property.Name switch
        {
            "password" or "passwd" or "passphrase" => true,
            "data" => holdsSecret,
            "command-line" => HumanCommandHoldsSecret(property.Value),
            _ => false,
        };
    }

    /// <summary>The human monitor takes secrets on its command line: set_password, change vnc password, object_add secret,data=….</summary>
    private static bool HumanCommandHoldsSecret(JsonElement line) =>
        line.ValueKind == JsonValueKind.String
        && line.GetString() is { } text
        && (text.Contains("passw", StringComparison.OrdinalIgnoreCase) || text.Contains("secret", StringComparison.OrdinalIgnoreCase));
}
