using System.Text.Json;
using System.Text.Json.Serialization;
using QmpBackup.Nbd;

namespace QmpBackup.Model;

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(SessionNote))]
[JsonSerializable(typeof(ScratchMark))]
internal sealed partial class SessionJsonContext : JsonSerializerContext;

/// <summary>Stores an NBD address as text.</summary>
internal sealed class NbdEndpointConverter : JsonConverter<NbdEndpoint>
{
    public override NbdEndpoint Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && NbdEndpoint.TryParse(reader.GetString(), out var endpoint)
            ? endpoint
            : throw new JsonException("The text is not an NBD address.");

    public override void Write(Utf8JsonWriter writer, NbdEndpoint value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
