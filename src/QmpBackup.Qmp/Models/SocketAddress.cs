using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>
/// A socket address for most commands (QAPI <c>SocketAddress</c>, QEMU 2.9), with its members next to its type.
/// </summary>
[JsonConverter(typeof(SocketAddressConverter))]
public sealed record SocketAddress
{
    private SocketAddress(string type, object data)
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
    public static SocketAddress Inet(InetSocketAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return new("inet", address);
    }

    /// <summary>A TCP address.</summary>
    /// <param name="host">The host name or address.</param>
    /// <param name="port">The port.</param>
    /// <returns>The address.</returns>
    public static SocketAddress Inet(string host, int port) =>
        Inet(new InetSocketAddress { Host = host, Port = port.ToString(System.Globalization.CultureInfo.InvariantCulture) });

    /// <summary>A unix socket address.</summary>
    /// <param name="address">The address.</param>
    /// <returns>The address.</returns>
    public static SocketAddress Unix(UnixSocketAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return new("unix", address);
    }

    /// <summary>A unix socket address.</summary>
    /// <param name="path">The path of the socket, on the host of the VM.</param>
    /// <returns>The address.</returns>
    public static SocketAddress Unix(string path) => Unix(new UnixSocketAddress { Path = path });
}

/// <summary>A TCP address (QAPI <c>InetSocketAddress</c>, QEMU 1.3).</summary>
public sealed record InetSocketAddress
{
    /// <summary>The host name or address.</summary>
    [JsonPropertyName("host")]
    public required string Host { get; init; }

    /// <summary>The port, as a string. To listen, 0 means any free port.</summary>
    [JsonPropertyName("port")]
    public required string Port { get; init; }

    /// <summary>Whether host and port are numeric, so that no lookup is needed (QEMU 2.9).</summary>
    [JsonPropertyName("numeric")]
    public bool? Numeric { get; init; }

    /// <summary>The last port of a range: QEMU listens on the first free port from the port up to this one.</summary>
    [JsonPropertyName("to")]
    public int? To { get; init; }

    /// <summary>Whether IPv4 may be used.</summary>
    [JsonPropertyName("ipv4")]
    public bool? IPv4 { get; init; }

    /// <summary>Whether IPv6 may be used.</summary>
    [JsonPropertyName("ipv6")]
    public bool? IPv6 { get; init; }

    /// <summary>Whether to send keep-alives (QEMU 4.2). Only for the side that connects.</summary>
    [JsonPropertyName("keep-alive")]
    public bool? KeepAlive { get; init; }

    /// <summary>Whether to use Multipath TCP (QEMU 6.1).</summary>
    [JsonPropertyName("mptcp")]
    public bool? Mptcp { get; init; }
}

/// <summary>A unix socket address (QAPI <c>UnixSocketAddress</c>, QEMU 1.3).</summary>
public sealed record UnixSocketAddress
{
    /// <summary>The path of the socket, on the host of the VM; at most 107 bytes.</summary>
    [JsonPropertyName("path")]
    public required string Path { get; init; }

    /// <summary>Whether the name is in the abstract namespace of Linux (QEMU 5.1).</summary>
    [JsonPropertyName("abstract")]
    public bool? Abstract { get; init; }

    /// <summary>Whether the abstract name ends with the path; otherwise it is padded with NUL bytes (QEMU 5.1).</summary>
    [JsonPropertyName("tight")]
    public bool? Tight { get; init; }
}

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
