using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace QmpBackup;

/// <summary>Where an NBD server listens, written <c>unix:/path</c> or <c>tcp:host:port</c>.</summary>
public sealed record NbdAddress
{
    private NbdAddress()
    {
    }

    /// <summary>The path of the unix socket; null for TCP.</summary>
    public string? Path { get; private init; }

    /// <summary>The host name or address; null for a unix socket.</summary>
    public string? Host { get; private init; }

    /// <summary>The TCP port; 0 for a unix socket.</summary>
    public int Port { get; private init; }

    /// <summary>A unix socket.</summary>
    /// <param name="path">Its path.</param>
    public static NbdAddress Unix(string path) => new() { Path = path };

    /// <summary>A TCP port.</summary>
    /// <param name="host">The host name or address.</param>
    /// <param name="port">1 to 65535.</param>
    public static NbdAddress Tcp(string host, int port) => new() { Host = host, Port = port };

    /// <summary>Reads <c>unix:/path</c>, <c>/path</c>, <c>tcp:host:port</c> or <c>tcp:[v6]:port</c>.</summary>
    /// <param name="text">The text.</param>
    /// <param name="address">The address.</param>
    /// <returns>Whether the text is one.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out NbdAddress? address)
    {
        address = null;
        if (string.IsNullOrEmpty(text))
            return false;
        if (text[0] == '/' || text.StartsWith("unix:", StringComparison.Ordinal))
        {
            var path = text[0] == '/' ? text : text["unix:".Length..];
            if (path.Length > 0)
                address = Unix(path);
        }
        else if (text.StartsWith("tcp:", StringComparison.Ordinal) && text.LastIndexOf(':') is var colon and > 4
            && int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65536)
        {
            var host = text[4..colon];
            if (host is ['[', .., ']'])
                host = host[1..^1];
            if (host.Length > 0)
                address = Tcp(host, port);
        }

        return address is not null;
    }

    /// <summary>The NBD URI of an export, as the NBD URI specification has it.</summary>
    /// <param name="export">The export's name.</param>
    /// <param name="tls">Whether TLS is wanted.</param>
    public string ToUri(string export, bool tls = false)
    {
        var scheme = tls ? "nbds" : "nbd";
        var name = Escape(export, "");
        return Path is not null
            ? $"{scheme}+unix:///{name}?socket={Escape(Path, "/")}"
            : string.Create(CultureInfo.InvariantCulture, $"{scheme}://{BracketedHost}:{Port}/{name}");
    }

    /// <inheritdoc/>
    public override string ToString() => Path is not null ? "unix:" + Path : string.Create(CultureInfo.InvariantCulture, $"tcp:{BracketedHost}:{Port}");

    private string BracketedHost => Host!.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host;

    private static string Escape(string text, string alsoPlain)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (var b in Encoding.UTF8.GetBytes(text))
        {
            var c = (char)b;
            if (char.IsAsciiLetterOrDigit(c) || "-._~".Contains(c, StringComparison.Ordinal) || alsoPlain.Contains(c, StringComparison.Ordinal))
                escaped.Append(c);
            else
                escaped.Append(CultureInfo.InvariantCulture, $"%{b:X2}");
        }

        return escaped.ToString();
    }
}
