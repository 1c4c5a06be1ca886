using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using QmpBackup.Nbd.Options;
using QmpBackup.Nbd.Protocol;

namespace QmpBackup.Nbd;

/// <summary>
/// An NBD URI: <c>nbd://HOST[:PORT]/EXPORT</c>, <c>nbds://…</c>, <c>nbd+unix:///EXPORT?socket=PATH</c> or <c>nbds+unix://…</c>, as the NBD
/// URI specification defines it.
/// </summary>
public sealed record NbdUri
{
    /// <summary>A URI without TLS.</summary>
    /// <param name="endpoint">The server.</param>
    /// <param name="exportName">The export; empty for the default export. At most 4096 bytes of UTF-8, without NUL.</param>
    /// <exception cref="ArgumentException">The export name is too long or contains a NUL.</exception>
    public NbdUri(NbdEndpoint endpoint, string exportName = "")
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        ArgumentNullException.ThrowIfNull(exportName);
        if (exportName.Contains('\0', StringComparison.Ordinal) || Encoding.UTF8.GetByteCount(exportName) > NbdConstants.MaxString)
            throw new ArgumentException("An export name must have at most 4096 bytes and no NUL.", nameof(exportName));
        Endpoint = endpoint;
        ExportName = exportName;
    }

    /// <summary>The server.</summary>
    public NbdEndpoint Endpoint { get; }

    /// <summary>The name of the export; empty for the default export.</summary>
    public string ExportName { get; }

    /// <summary>True for the schemes <c>nbds</c> and <c>nbds+unix</c>: the connection must use TLS.</summary>
    public bool RequiresTls { get; init; }

    /// <summary>The user name before the host; null if absent. Only TLS with pre-shared keys would use it.</summary>
    public string? UserName { get; init; }

    /// <summary>
    /// Parameter <c>tls-type</c>: <c>x509</c>, <c>anon</c> or <c>psk</c>; null if absent. This client supports only x509.
    /// </summary>
    public string? TlsType { get; init; }

    /// <summary>Parameter <c>tls-hostname</c>: the host name that the server's certificate must have; null if absent.</summary>
    public string? TlsHostname { get; init; }

    /// <summary>Parameter <c>tls-verify-peer</c>; null if absent.</summary>
    public bool? TlsVerifyPeer { get; init; }

    /// <summary>
    /// Parameter <c>tls-certificates</c> (of libnbd): a directory for <see cref="NbdTlsOptions.FromDirectory"/>; null if absent.
    /// </summary>
    public string? TlsCertificates { get; init; }

    /// <summary>Parses a URI.</summary>
    /// <param name="text">The URI.</param>
    /// <exception cref="FormatException">The text is not an NBD URI; the message says why.</exception>
    public static NbdUri Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return NbdUriParser.TryParse(text, out var uri, out var error)
            ? uri
            : throw new FormatException($"\"{EscapedText.From(text)}\": {error}");
    }

    /// <summary>Parses a URI.</summary>
    /// <param name="text">The URI.</param>
    /// <param name="uri">The parsed URI.</param>
    /// <returns>False if the text is not an NBD URI.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out NbdUri? uri)
    {
        uri = null;
        return text is not null && NbdUriParser.TryParse(text, out uri, out _);
    }

    /// <summary>The URI as text, always with the port of a TCP address. <see cref="Parse"/> turns it into an equal value again.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(RequiresTls ? "nbds" : "nbd");
        var separator = '?';
        if (Endpoint.SocketPath is { } socket)
        {
            text.Append("+unix:///").Append(Uri.EscapeDataString(ExportName)).Append("?socket=").Append(Escape(socket));
            separator = '&';
        }
        else
        {
            text.Append("://");
            if (UserName is { } user)
                text.Append(Escape(user)).Append('@');
            text.Append(CultureInfo.InvariantCulture, $"{Host(Endpoint.Host!)}:{Endpoint.Port}/{Uri.EscapeDataString(ExportName)}");
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
