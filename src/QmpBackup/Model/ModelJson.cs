using System.Text.Json;
using System.Text.Json.Serialization;
using QmpBackup.Nbd;

namespace QmpBackup.Model;

/// <summary>Reads and writes a checkpoint's id as a JSON string. Any other text, or another kind of value, is refused.</summary>
internal sealed class CheckpointIdConverter : JsonConverter<CheckpointId>
{
    /// <inheritdoc/>
    public override CheckpointId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String
            && CheckpointId.TryParse(reader.GetString(), out var id) ? id : throw new JsonException("That is not the id of a checkpoint.");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, CheckpointId value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.Value);
}

/// <summary>Reads and writes a chain's name as a JSON string. Any other text, or another kind of value, is refused.</summary>
internal sealed class ChainNameConverter : JsonConverter<ChainName>
{
    /// <inheritdoc/>
    public override ChainName Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String
            && ChainName.TryParse(reader.GetString(), out var name) ? name : throw new JsonException("That is not the name of a chain.");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, ChainName value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.Value);
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true)]
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

    public override void Write(Utf8JsonWriter writer, NbdEndpoint value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}
