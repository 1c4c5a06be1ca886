using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>
/// A socket address for <c>nbd-server-start</c> (QAPI <c>SocketAddressLegacy</c>, QEMU 1.3), with its members in a
/// separate object.
/// </summary>
[JsonConverter(typeof(SocketAddressLegacyConverter))]
public sealed record SocketAddressLegacy
{
    private SocketAddressLegacy(string type, object data)
    {
        Type = type;
        Data = data;
    }

    /// <summary>The kind of address: <c>inet</c> or <c>unix</c>.</summary>
    public string Type { get; }

    /// <summary>The address: an <see cref="InetSocketAddress"/> or a <see cref="UnixSocketAddress"/>.</summary>
    public object Data { get; }

    /// <summary>A TCP address.</summary>
    /// <param name="address">The address.</param>
    /// <returns>The address.</returns>
    public static SocketAddressLegacy Inet(InetSocketAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return new("inet", address);
    }

    /// <summary>A TCP address.</summary>
    /// <param name="host">The host name or address.</param>
    /// <param name="port">The port.</param>
    /// <returns>The address.</returns>
    public static SocketAddressLegacy Inet(string host, int port) =>
        Inet(new InetSocketAddress { Host = host, Port = port.ToString(System.Globalization.CultureInfo.InvariantCulture) });

    /// <summary>A unix socket address.</summary>
    /// <param name="address">The address.</param>
    /// <returns>The address.</returns>
    public static SocketAddressLegacy Unix(UnixSocketAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return new("unix", address);
    }

    /// <summary>A unix socket address.</summary>
    /// <param name="path">The path of the socket, on the host of the VM.</param>
    /// <returns>The address.</returns>
    public static SocketAddressLegacy Unix(string path) => Unix(new UnixSocketAddress { Path = path });
}

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
