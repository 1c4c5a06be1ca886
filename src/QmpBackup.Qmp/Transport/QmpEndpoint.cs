using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace QmpBackup.Qmp;

/// <summary>Where a QMP server listens: a <see cref="UnixEndpoint"/> or a <see cref="TcpEndpoint"/>.</summary>
/// <remarks>
/// The written forms are <c>unix:/path</c>, <c>unix:relative/path</c>, <c>/path</c>, <c>tcp:host:port</c> and
/// <c>tcp:[ipv6]:port</c>. <see cref="object.ToString"/> gives the canonical form, which parses back to an equal endpoint.
/// </remarks>
public abstract record QmpEndpoint
{
    private const string Forms = "Write unix:/path, /path, tcp:host:port or tcp:[ipv6]:port.";

    private protected QmpEndpoint()
    {
    }

    /// <summary>Parses the written form of an endpoint.</summary>
    /// <param name="text">The written form.</param>
    /// <returns>The endpoint.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="text"/> is null.</exception>
    /// <exception cref="FormatException"><paramref name="text"/> is no endpoint; the message says what is wrong with it.</exception>
    public static QmpEndpoint Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text, out var endpoint, out var error) ? endpoint : throw new FormatException(error);
    }

    /// <summary>Parses the written form of an endpoint without throwing.</summary>
    /// <param name="text">The written form; null is no endpoint.</param>
    /// <param name="endpoint">The endpoint, or null when <paramref name="text"/> is none.</param>
    /// <param name="error">What is wrong with <paramref name="text"/>, as a sentence, or null when nothing is.</param>
    /// <returns>Whether <paramref name="text"/> is an endpoint.</returns>
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

        error = $"\"{PeerText.Escape(text)}\" is no endpoint. {Forms}";
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
            error = $"\"{PeerText.Escape(port)}\" is no port number. A port is a number from 1 to 65535.";
            return false;
        }

        error = TcpEndpoint.FindFault(host, number);
        endpoint = error is null ? new TcpEndpoint(host, number) : null;
        return error is null;
    }
}
