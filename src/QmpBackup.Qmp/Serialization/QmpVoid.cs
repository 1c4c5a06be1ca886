using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The answer of a command that returns no data.</summary>
[JsonConverter(typeof(QmpVoidConverter))]
public readonly record struct QmpVoid;

/// <summary>Accepts any answer: a later version of QEMU may return data here.</summary>
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
