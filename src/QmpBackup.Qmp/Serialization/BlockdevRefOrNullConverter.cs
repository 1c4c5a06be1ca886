using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

internal sealed class BlockdevRefOrNullConverter : JsonConverter<BlockdevRefOrNull>
{
    /// <summary>A null that is there means something else than a member that is not.</summary>
    public override bool HandleNull => true;

    public override BlockdevRefOrNull Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Null ? BlockdevRefOrNull.Null : BlockdevRefConverter.ReadReference(ref reader);

    public override void Write(Utf8JsonWriter writer, BlockdevRefOrNull value, JsonSerializerOptions options)
    {
        if (value.Reference is null)
            writer.WriteNullValue();
        else
            BlockdevRefConverter.WriteReference(writer, value.Reference);
    }
}
