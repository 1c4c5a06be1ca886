using System.Globalization;

namespace QmpBackup.Qmp;

/// <summary>A QMP server on a TCP port. QMP over TCP is neither authenticated nor encrypted: keep it on a trusted network.</summary>
public sealed record TcpEndpoint : QmpEndpoint
{
    private readonly string _host;
    private readonly int _port;

    /// <summary>Makes an endpoint of a host and a port.</summary>
    /// <param name="Host">A host name, an IPv4 address, or an IPv6 address without brackets.</param>
    /// <param name="Port">The port, 1 to 65535.</param>
    /// <exception cref="ArgumentException">The host is empty or the port is out of range.</exception>
    public TcpEndpoint(string Host, int Port)
    {
        ArgumentNullException.ThrowIfNull(Host);
        if (FindFault(Host, Port) is { } fault)
            throw new ArgumentException(fault);
        _host = Host;
        _port = Port;
    }

    /// <summary>A host name, an IPv4 address, or an IPv6 address without brackets.</summary>
    public string Host => _host;

    /// <summary>The port, 1 to 65535.</summary>
    public int Port => _port;

    /// <summary>The canonical form, <c>tcp:host:port</c> or <c>tcp:[ipv6]:port</c>.</summary>
    /// <returns>The canonical form.</returns>
    public override string ToString()
    {
        var host = Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host;
        return string.Create(CultureInfo.InvariantCulture, $"tcp:{host}:{Port}");
    }

    internal static string? FindFault(string host, int port)
    {
        if (string.IsNullOrWhiteSpace(host))
            return "The host is empty. Write tcp:host:port.";
        if (host.AsSpan().ContainsAnyInRange('\0', ' ') || host.AsSpan().ContainsAny('[', ']', '/'))
            return $"\"{PeerText.Escape(host)}\" is no host name or address.";
        return port is >= 1 and <= 65535 ? null : $"Port {port} is out of range. A port is a number from 1 to 65535.";
    }
}
