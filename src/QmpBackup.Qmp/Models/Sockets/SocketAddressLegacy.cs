using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>
/// A socket address as <c>nbd-server-start</c> takes it (QAPI <c>SocketAddressLegacy</c>, QEMU 1.3), with its parts in an
/// object of their own.
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
