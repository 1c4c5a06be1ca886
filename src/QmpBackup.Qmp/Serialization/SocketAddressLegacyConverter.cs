using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

internal sealed class SocketAddressLegacyConverter : JsonConverter<SocketAddressLegacy>
{
    public override SocketAddressLegacy Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var element = JsonElement.ParseValue(ref reader);
        return (QapiUnion.Member(element, "type"), element.TryGetProperty("data"u8, out var data)) switch
        {
            ("inet", true) => SocketAddressLegacy.Inet(data.Deserialize(QmpJsonContext.Default.InetSocketAddress)!),
            ("unix", true) => SocketAddressLegacy.Unix(data.Deserialize(QmpJsonContext.Default.UnixSocketAddress)!),
            _ => throw new UnexpectedJsonException("Expected a socket address of type inet or unix."),
        };
    }

    public override void Write(Utf8JsonWriter writer, SocketAddressLegacy value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, value.Type);
        writer.WritePropertyName("data"u8);
        WriteData(writer, value.Data);
        writer.WriteEndObject();
    }

    internal static void WriteData(Utf8JsonWriter writer, object data)
    {
        if (data is InetSocketAddress inet)
            JsonSerializer.Serialize(writer, inet, QmpJsonContext.Default.InetSocketAddress);
        else
            JsonSerializer.Serialize(writer, (UnixSocketAddress)data, QmpJsonContext.Default.UnixSocketAddress);
    }
}
