using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace QmpBackup.Nbd;

/// <summary>The address of an NBD server: a unix socket or a TCP port.</summary>
public sealed record NbdEndpoint
{
    /// <summary>The port that IANA assigned to NBD.</summary>
    public const int DefaultPort = 10809;

    private NbdEndpoint(string? socketPath, string? host, int port)
    {
        SocketPath = socketPath;
        Host = host;
        Port = port;
    }

    /// <summary>
    /// Path of the unix socket; null for TCP. If the first character is NUL, the socket is in Linux's abstract namespace.
    /// </summary>
    public string? SocketPath { get; }

    /// <summary>Host name or address; null for a unix socket.</summary>
    public string? Host { get; }

    /// <summary>TCP port, 1 to 65535; 0 for a unix socket.</summary>
    public int Port { get; }

    /// <summary>A unix socket.</summary>
    /// <param name="path">The path of the socket.</param>
    public static NbdEndpoint Unix(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new NbdEndpoint(path, null, 0);
    }

    /// <summary>A TCP port.</summary>
    /// <param name="host">Host name or address; an IPv6 address without brackets.</param>
    /// <param name="port">1 to 65535.</param>
    public static NbdEndpoint Tcp(string host, int port = DefaultPort)
    {
        ArgumentException.ThrowIfNullOrEmpty(host);
        ArgumentOutOfRangeException.ThrowIfLessThan(port, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, 65535);
        return new NbdEndpoint(null, host, port);
    }

    /// <summary>Parses an address: <c>unix:PATH</c>, <c>/PATH</c>, <c>tcp:HOST:PORT</c> or <c>tcp:[IPV6]:PORT</c>.</summary>
    /// <param name="text">The address.</param>
    /// <param name="endpoint">The parsed address.</param>
    /// <returns>False if the text is not an address.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out NbdEndpoint? endpoint)
    {
        const string unix = "unix:";
        const string tcp = "tcp:";
        endpoint = null;
        if (string.IsNullOrEmpty(text))
            return false;
        if (text[0] == '/' || text.StartsWith(unix, StringComparison.Ordinal))
        {
            var path = text[0] == '/' ? text : text[unix.Length..];
            endpoint = path.Length == 0 ? null : Unix(path);
        }
        else if (text.StartsWith(tcp, StringComparison.Ordinal) && text.LastIndexOf(':') is var colon && colon > tcp.Length
            && int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            && port is >= 1 and <= 65535)
        {
            var host = text[tcp.Length..colon];
            host = host is ['[', .., ']'] ? host[1..^1] : host;
            endpoint = host.Length == 0 ? null : Tcp(host, port);
        }

        return endpoint is not null;
    }

    /// <summary>The address as text: <c>unix:PATH</c>, <c>tcp:HOST:PORT</c> or <c>tcp:[IPV6]:PORT</c>.</summary>
    public override string ToString() => SocketPath is { } path
        ? "unix:" + path.Replace('\0', '@')
        : string.Create(CultureInfo.InvariantCulture, $"tcp:{(Host!.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}");
}
