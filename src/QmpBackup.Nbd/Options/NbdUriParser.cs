using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using QmpBackup.Nbd.Protocol;

namespace QmpBackup.Nbd.Options;

/// <summary>
/// Parses NBD URIs as RFC 3986 defines them. System.Uri does not fit: it normalizes <c>//</c> and dots in the path, which is an export name
/// here.
/// </summary>
internal static class NbdUriParser
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, true);

    internal static bool TryParse(string text, [NotNullWhen(true)] out NbdUri? uri, [NotNullWhen(false)] out string? error)
    {
        uri = null;
        try
        {
            uri = Parse(text);
            error = null;
            return true;
        }
        catch (FormatException e)
        {
            error = e.Message;
            return false;
        }
    }

    private static NbdUri Parse(string text)
    {
        foreach (var c in text)
        {
            if (c is <= ' ' or >= '\x7f' or '"' or '<' or '>' or '\\' or '^' or '`' or '{' or '|' or '}')
                throw new FormatException($"the character U+{(int)c:X4} must be percent-encoded");
        }

        var (unix, tls, rest) = Scheme(text);
        if (rest.Contains('#', StringComparison.Ordinal))
            throw new FormatException("an NBD URI cannot have a fragment: write # as %23");
        var question = rest.IndexOf('?', StringComparison.Ordinal);
        var query = question < 0 ? "" : rest[(question + 1)..];
        var hierarchy = question < 0 ? rest : rest[..question];
        var slash = hierarchy.IndexOf('/', StringComparison.Ordinal);
        var authority = slash < 0 ? hierarchy : hierarchy[..slash];
        var export = slash < 0 ? "" : Decode(hierarchy[(slash + 1)..], "the export name");
        if (export.Contains('\0', StringComparison.Ordinal))
            throw new FormatException("the export name contains a NUL");
        if (Encoding.UTF8.GetByteCount(export) > NbdConstants.MaxString)
            throw new FormatException("the export name is longer than 4096 bytes");

        var parameters = Parameters(query);
        var socket = parameters.GetValueOrDefault("socket");
        string? user = null;
        NbdEndpoint endpoint;
        if (unix)
        {
            if (authority.Length != 0)
                throw new FormatException($"a unix socket has no host: write nbd{(tls ? "s" : "")}+unix:///EXPORT?socket=PATH");
            if (string.IsNullOrEmpty(socket) || socket == "\0")
                throw new FormatException("the parameter socket=PATH is missing");
            if (socket.IndexOf('\0', 1) > 0)
                throw new FormatException("the socket path contains a NUL");
            endpoint = NbdEndpoint.Unix(socket);
        }
        else
        {
            if (socket is not null)
                throw new FormatException("only the schemes nbd+unix and nbds+unix have the parameter socket");
            (user, endpoint) = Authority(authority);
        }

        return new NbdUri(endpoint, export)
        {
            RequiresTls = tls,
            UserName = user,
            TlsType = OneOf(parameters, "tls-type", "x509", "anon", "psk"),
            TlsHostname = parameters.GetValueOrDefault("tls-hostname"),
            TlsVerifyPeer = OneOf(parameters, "tls-verify-peer", "0", "1") switch { "0" => false, "1" => true, _ => null },
            TlsCertificates = parameters.GetValueOrDefault("tls-certificates"),
        };
    }

    private static (bool Unix, bool Tls, string Remainder) Scheme(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 1)
            throw new FormatException("the scheme is missing: expected nbd, nbds, nbd+unix or nbds+unix");
        var (unix, tls) = text[..colon].ToLowerInvariant() switch
        {
            "nbd" => (false, false),
            "nbds" => (false, true),
            "nbd+unix" => (true, false),
            "nbds+unix" => (true, true),
            _ => throw new FormatException("unknown scheme: expected nbd, nbds, nbd+unix or nbds+unix"),
        };
        return text.AsSpan(colon + 1).StartsWith("//", StringComparison.Ordinal)
            ? (unix, tls, text[(colon + 3)..])
            : throw new FormatException("\"//\" must follow the scheme");
    }

    private static (string? User, NbdEndpoint Endpoint) Authority(string authority)
    {
        string? user = null;
        var at = authority.LastIndexOf('@');
        if (at >= 0)
        {
            user = Decode(authority[..at], "the user name");
            authority = authority[(at + 1)..];
        }

        string host, port;
        if (authority.StartsWith('['))
        {
            var close = authority.IndexOf(']', StringComparison.Ordinal);
            if (close < 0)
                throw new FormatException("the closing bracket of the IPv6 address is missing");
            host = authority[1..close].Replace("%25", "%", StringComparison.OrdinalIgnoreCase);
            if (!IPAddress.TryParse(host, out var address) || address.AddressFamily != AddressFamily.InterNetworkV6)
                throw new FormatException("the text in brackets is not an IPv6 address");
            port = authority[(close + 1)..];
            if (port.Length > 0 && port[0] != ':')
                throw new FormatException("only :PORT can follow the IPv6 address");
            port = port.TrimStart(':');
        }
        else
        {
            var colon = authority.IndexOf(':', StringComparison.Ordinal);
            host = Decode(colon < 0 ? authority : authority[..colon], "the host");
            port = colon < 0 ? "" : authority[(colon + 1)..];
        }

        var number = NbdEndpoint.DefaultPort;
        if (port.Length > 0
            && (!int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out number) || number is < 1 or > 65535))
        {
            throw new FormatException("the port is not a number from 1 to 65535");
        }


        if (host.Contains('\0', StringComparison.Ordinal))
            throw new FormatException("the host contains a NUL");
        return (user, NbdEndpoint.Tcp(host.Length == 0 ? "localhost" : host, number));
    }

    private static Dictionary<string, string> Parameters(string query)
    {
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var part in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            var name = Decode(equals < 0 ? part : part[..equals], "a parameter's name");
            var value = equals < 0 ? "" : Decode(part[(equals + 1)..], "the parameter " + EscapedText.From(name));
            if (name.StartsWith("x-", StringComparison.Ordinal))
                continue;
            if (name is not ("socket" or "tls-type" or "tls-hostname" or "tls-verify-peer" or "tls-certificates"))
                throw new FormatException($"the parameter {EscapedText.From(name)} is not known");
            if (!parameters.TryAdd(name, value))
                throw new FormatException($"the parameter {name} is given twice");
        }

        return parameters;
    }

    private static string? OneOf(Dictionary<string, string> parameters, string name, params ReadOnlySpan<string> allowed)
    {
        if (!parameters.TryGetValue(name, out var value))
            return null;
        return allowed.Contains(value)
            ? value
            : throw new FormatException($"the parameter {name} must be one of {string.Join(", ", allowed)}");
    }

    private static string Decode(string value, string what)
    {
        if (!value.Contains('%', StringComparison.Ordinal))
            return value;
        var bytes = new byte[value.Length];
        var count = 0;
        for (var i = 0; i < value.Length; i++)
        {
            if (value[i] != '%')
            {
                bytes[count++] = (byte)value[i];
                continue;
            }

            if (i + 2 >= value.Length
                || !byte.TryParse(value.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out bytes[count++]))
            {
                throw new FormatException($"{what} contains a % without two hexadecimal digits after it");
            }

            i += 2;
        }

        try
        {
            return StrictUtf8.GetString(bytes, 0, count);
        }
        catch (DecoderFallbackException)
        {
            throw new FormatException($"{what} is not UTF-8");
        }
    }
}
