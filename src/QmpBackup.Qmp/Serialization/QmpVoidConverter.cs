using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>Accepts any answer, so that a version of QEMU that starts to answer something breaks nothing.</summary>
internal sealed class QmpVoidConverter : JsonConverter<QmpVoid>
{
    public override QmpVoid Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        reader.Skip();
        return default;
    }

    public override void Write(Utf8JsonWriter writer, QmpVoid value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        writer.WriteEndObject();
    }
}
