using System.Diagnostics.CodeAnalysis;
using System.Text;
using QmpBackup.Nbd.Protocol;

namespace QmpBackup.Nbd;

/// <summary>
/// An NBD URI: <c>nbd://HOST[:PORT]/EXPORT</c>, <c>nbds://…</c>, <c>nbd+unix:///EXPORT?socket=PATH</c>, <c>nbds+unix://…</c>, as the NBD URI
/// specification has them.
/// </summary>
public sealed record NbdUri
{
    /// <summary>An unencrypted URI of an export.</summary>
    /// <param name="endpoint">The server.</param>
    /// <param name="exportName">The export; empty for the default one. At most 4096 bytes of UTF-8, without NUL.</param>
    public NbdUri(NbdEndpoint endpoint, string exportName = "")
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        ArgumentNullException.ThrowIfNull(exportName);
        if (exportName.Contains('\0', StringComparison.Ordinal) || Encoding.UTF8.GetByteCount(exportName) > NbdConstants.MaxString)
            throw new ArgumentException("An export name has no NUL and at most 4096 bytes.", nameof(exportName));
        Endpoint = endpoint;
        ExportName = exportName;
    }

    /// <summary>The server.</summary>
    public NbdEndpoint Endpoint { get; }

    /// <summary>The export; empty for the default one.</summary>
    public string ExportName { get; }

    /// <summary>True for the schemes <c>nbds</c> and <c>nbds+unix</c>: TLS or nothing.</summary>
    public bool RequiresTls { get; init; }

    /// <summary>The authority's user name; null if there is none. Only pre-shared keys would use it.</summary>
    public string? UserName { get; init; }

    /// <summary>Parameter <c>tls-type</c>: <c>x509</c>, <c>anon</c> or <c>psk</c>; null if absent. Only x509 can be connected to.</summary>
    public string? TlsType { get; init; }

    /// <summary>Parameter <c>tls-hostname</c>: the name to check the server's certificate against; null if absent.</summary>
    public string? TlsHostname { get; init; }

    /// <summary>Parameter <c>tls-verify-peer</c>; null if absent.</summary>
    public bool? TlsVerifyPeer { get; init; }

    /// <summary>Parameter <c>tls-certificates</c> (of libnbd): a directory for <see cref="NbdTlsOptions.FromDirectory"/>; null if absent.</summary>
    public string? TlsCertificates { get; init; }

    /// <summary>Reads a URI.</summary>
    /// <param name="text">The URI.</param>
    /// <exception cref="FormatException">It is not an NBD URI; the message says why.</exception>
    public static NbdUri Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return NbdUriParser.TryParse(text, out var uri, out var error) ? uri : throw new FormatException($"\"{EscapedText.From(text)}\": {error}");
    }

    /// <summary>Reads a URI.</summary>
    /// <param name="text">The URI.</param>
    /// <param name="uri">What it says.</param>
    /// <returns>False if it is not an NBD URI.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out NbdUri? uri)
    {
        uri = null;
        return text is not null && NbdUriParser.TryParse(text, out uri, out _);
    }

    /// <summary>The URI, in a form that <see cref="Parse"/> reads back to an equal value.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(RequiresTls ? "nbds" : "nbd");
        var separator = '?';
        if (Endpoint.SocketPath is { } socket)
        {
            text.Append("+unix:///").Append(Escape(ExportName)).Append("?socket=").Append(Escape(socket));
            separator = '&';
        }
        else
        {
            text.Append("://");
            if (UserName is { } user)
                text.Append(Escape(user)).Append('@');
            text.Append(Host(Endpoint.Host!));
            if (Endpoint.Port != NbdEndpoint.DefaultPort)
                text.Append(':').Append(Endpoint.Port);
            text.Append('/').Append(Escape(ExportName));
        }

        Add("tls-type", TlsType);
        Add("tls-hostname", TlsHostname);
        Add("tls-verify-peer", TlsVerifyPeer switch { true => "1", false => "0", null => null });
        Add("tls-certificates", TlsCertificates);
        return text.ToString();

        void Add(string name, string? value)
        {
            if (value is null)
                return;
            text.Append(separator).Append(name).Append('=').Append(Escape(value));
            separator = '&';
        }
    }

    private static string Host(string host) =>
        host.Contains(':', StringComparison.Ordinal) ? $"[{host.Replace("%", "%25", StringComparison.Ordinal)}]" : Escape(host);

    private static string Escape(string value) => Uri.EscapeDataString(value).Replace("%2F", "/", StringComparison.Ordinal);
}
