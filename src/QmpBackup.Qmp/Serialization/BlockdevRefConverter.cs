using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

internal sealed class BlockdevRefConverter : JsonConverter<BlockdevRef>
{
    public override BlockdevRef Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        ReadReference(ref reader);

    public override void Write(Utf8JsonWriter writer, BlockdevRef value, JsonSerializerOptions options) => WriteReference(writer, value);

    public static BlockdevRef ReadReference(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.String
            ? BlockdevRef.Reference(reader.GetString()!)
            : BlockdevRef.Definition(
                JsonSerializer.Deserialize(ref reader, QmpJsonContext.Default.BlockdevOptions)
                ?? throw new UnexpectedJsonException("Expected a string or an object for BlockdevRef."));

    public static void WriteReference(Utf8JsonWriter writer, BlockdevRef value)
    {
        if (value.IsDefinition)
            value.Options.WriteTo(writer);
        else
            writer.WriteStringValue(value.NodeName);
    }
}
