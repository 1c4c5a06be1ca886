using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

internal sealed class BlockDirtyBitmapOrStrConverter : JsonConverter<BlockDirtyBitmapOrStr>
{
    public override BlockDirtyBitmapOrStr Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String
            ? BlockDirtyBitmapOrStr.Local(reader.GetString()!)
            : JsonSerializer.Deserialize(ref reader, QmpJsonContext.Default.BlockDirtyBitmap)
                ?? throw new UnexpectedJsonException("Expected a string or an object for BlockDirtyBitmapOrStr.");

    public override void Write(Utf8JsonWriter writer, BlockDirtyBitmapOrStr value, JsonSerializerOptions options)
    {
        if (value.Node is null)
        {
            writer.WriteStringValue(value.Name);
            return;
        }

        writer.WriteStartObject();
        writer.WriteString("node"u8, value.Node);
        writer.WriteString("name"u8, value.Name);
        writer.WriteEndObject();
    }
}
