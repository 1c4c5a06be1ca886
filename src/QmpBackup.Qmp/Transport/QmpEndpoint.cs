using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace QmpBackup.Qmp;

/// <summary>Where a QMP server listens: a <see cref="UnixEndpoint"/> or a <see cref="TcpEndpoint"/>.</summary>
/// <remarks>
/// The text forms are <c>unix:/path</c>, <c>unix:relative/path</c>, <c>/path</c>, <c>tcp:host:port</c> and <c>tcp:[ipv6]:port</c>.
/// <see cref="object.ToString"/> returns the canonical form; parsing it gives an equal endpoint.
/// </remarks>
public abstract record QmpEndpoint
{
    private const string Forms = "Write unix:/path, /path, tcp:host:port or tcp:[ipv6]:port.";

    private protected QmpEndpoint()
    {
    }

    /// <summary>Parses the text form of an endpoint.</summary>
    /// <param name="text">The text form.</param>
    /// <returns>The endpoint.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="text"/> is null.</exception>
    /// <exception cref="FormatException"><paramref name="text"/> is not a valid endpoint; the message says what is wrong.</exception>
    public static QmpEndpoint Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text, out var endpoint, out var error) ? endpoint : throw new FormatException(error);
    }

    /// <summary>Parses the text form of an endpoint, without exceptions.</summary>
    /// <param name="text">The text form; null is not valid.</param>
    /// <param name="endpoint">The endpoint, or null when <paramref name="text"/> is not valid.</param>
    /// <param name="error">What is wrong with <paramref name="text"/>, in a sentence; null when it is valid.</param>
    /// <returns>Whether <paramref name="text"/> is valid.</returns>
    public static bool TryParse(
        string? text, [NotNullWhen(true)] out QmpEndpoint? endpoint, [NotNullWhen(false)] out string? error)
    {
        endpoint = null;
        if (string.IsNullOrWhiteSpace(text))
        {
            error = $"The endpoint is empty. {Forms}";
            return false;
        }

        if (text.StartsWith("unix:", StringComparison.Ordinal))
            return TryParseUnix(text[5..], out endpoint, out error);
        if (text[0] == '/')
            return TryParseUnix(text, out endpoint, out error);
        if (text.StartsWith("tcp:", StringComparison.Ordinal))
            return TryParseTcp(text, out endpoint, out error);

        error = $"\"{PeerText.Escape(text)}\" is not a valid endpoint. {Forms}";
        return false;
    }

    private static bool TryParseUnix(string path, out QmpEndpoint? endpoint, out string? error)
    {
        error = UnixEndpoint.FindFault(path);
        endpoint = error is null ? new UnixEndpoint(path) : null;
        return error is null;
    }

    private static bool TryParseTcp(string text, out QmpEndpoint? endpoint, out string? error)
    {
        endpoint = null;
        var rest = text[4..];
        var colon = rest.LastIndexOf(':');
        if (colon < 0 || rest.EndsWith(']'))
        {
            error = $"\"{PeerText.Escape(text)}\" has no port. Write tcp:host:port, for instance tcp:127.0.0.1:4444.";
            return false;
        }

        var host = rest[..colon];
        var port = rest[(colon + 1)..];
        if (host.StartsWith('[') && host.EndsWith(']'))
        {
            host = host[1..^1];
        }
        else if (host.Contains(':', StringComparison.Ordinal))
        {
            error = $"\"{PeerText.Escape(text)}\": write an IPv6 address in brackets, for instance tcp:[::1]:4444.";
            return false;
        }

        if (!int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            error = $"\"{PeerText.Escape(port)}\" is not a port number. A port is a number from 1 to 65535.";
            return false;
        }

        error = TcpEndpoint.FindFault(host, number);
        endpoint = error is null ? new TcpEndpoint(host, number) : null;
        return error is null;
    }
}

/// <summary>A QMP server on a unix domain socket.</summary>
/// <remarks>The path of a unix socket has at most 107 bytes of UTF-8: a limit of the operating system.</remarks>
public sealed record UnixEndpoint : QmpEndpoint
{
    /// <summary>The longest path of a unix socket, in bytes of UTF-8.</summary>
    public const int MaxPathBytes = 107;

    private readonly string _path;

    /// <summary>Creates an endpoint from the path of a unix socket.</summary>
    /// <param name="Path">The path of the socket, absolute or relative to the working directory.</param>
    /// <exception cref="ArgumentException">The path is empty, longer than 107 bytes, or contains a NUL character.</exception>
    public UnixEndpoint(string Path) => _path = Check(Path);

    /// <summary>The path of the socket, absolute or relative to the working directory.</summary>
    /// <exception cref="ArgumentException">The path is empty, longer than 107 bytes, or contains a NUL character.</exception>
    public string Path
    {
        get => _path;
        init => _path = Check(value);
    }

    /// <summary>The canonical form, <c>unix:/path</c>.</summary>
    /// <returns>The canonical form.</returns>
    public override string ToString() => "unix:" + Path;

    internal static string? FindFault(string path)
    {
        if (string.IsNullOrEmpty(path))
            return "The path of the unix socket is empty. Write unix:/path.";
        if (path.Contains('\0', StringComparison.Ordinal))
            return "The path of the unix socket contains a NUL character.";
        var bytes = Encoding.UTF8.GetByteCount(path);
        return bytes <= MaxPathBytes
            ? null
            : $"The path of the unix socket is {bytes} bytes long; the operating system allows {MaxPathBytes}. "
            + $"Use a shorter path or a path relative to the working directory: {PeerText.Escape(path)}";
    }

    private static string Check(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return FindFault(path) is { } fault ? throw new ArgumentException(fault, nameof(path)) : path;
    }
}

/// <summary>A QMP server on a TCP port. QMP over TCP is neither authenticated nor encrypted: keep it on a trusted network.</summary>
public sealed record TcpEndpoint : QmpEndpoint
{
    private readonly string _host;
    private readonly int _port;

    /// <summary>Creates an endpoint from a host and a port.</summary>
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
            return $"\"{PeerText.Escape(host)}\" is not a valid host name or address.";
        return port is >= 1 and <= 65535 ? null : $"Port {port} is out of range. A port is a number from 1 to 65535.";
    }
}
