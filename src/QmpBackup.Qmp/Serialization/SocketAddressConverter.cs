using System.Text.Json;

namespace QmpBackup.Qmp;

internal sealed class SocketAddressConverter() : QapiUnionConverter<SocketAddress>("type")
{
    protected override SocketAddress FromElement(string tag, JsonElement element) => tag switch
    {
        "inet" => SocketAddress.Inet(element.Deserialize(QmpJsonContext.Default.InetSocketAddress)!),
        "unix" => SocketAddress.Unix(element.Deserialize(QmpJsonContext.Default.UnixSocketAddress)!),
        _ => throw new UnexpectedJsonException("Expected a socket address of type inet or unix."),
    };

    protected override void WriteBranch(Utf8JsonWriter writer, SocketAddress value)
    {
        var data = value.Data is InetSocketAddress inet
            ? JsonSerializer.SerializeToElement(inet, QmpJsonContext.Default.InetSocketAddress)
            : JsonSerializer.SerializeToElement((UnixSocketAddress)value.Data, QmpJsonContext.Default.UnixSocketAddress);
        writer.WriteStartObject();
        writer.WriteString("type"u8, value.Type);
        foreach (var property in data.EnumerateObject())
            property.WriteTo(writer);
        writer.WriteEndObject();
    }
}
