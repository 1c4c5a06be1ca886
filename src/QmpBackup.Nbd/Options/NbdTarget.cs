using QmpBackup.Nbd.Protocol;

namespace QmpBackup.Nbd.Options;

/// <summary>The server and export to connect to, and the TLS to require there.</summary>
internal sealed record NbdTarget(
    NbdEndpoint? Endpoint, Stream? Stream, string ExportName, NbdTlsMode TlsMode, string? TlsHost, bool? VerifyPeer)
{
    internal static NbdTarget From(NbdUri uri, NbdClientOptions options)
    {
        if (uri.RequiresTls && options.TlsMode is NbdTlsMode.Disable or NbdTlsMode.Allow)
            throw new ArgumentException("The URI requires TLS; the option TlsMode cannot disable it.", nameof(options));
        var mode = options.TlsMode == NbdTlsMode.FromUri ? uri.RequiresTls ? NbdTlsMode.Require : NbdTlsMode.Disable : options.TlsMode;
        if (mode != NbdTlsMode.Disable && uri.TlsType is { } type and not "x509")
            throw new NbdConnectException(NbdConnectFailure.NotSupported, $"tls-type={type} is not supported: only x509 is.");
        var host = options.Tls?.TargetHost ?? uri.TlsHostname ?? uri.Endpoint.Host;
        return new NbdTarget(uri.Endpoint, null, uri.ExportName, mode, host, uri.TlsVerifyPeer);
    }

    public override string ToString() => Endpoint is null ? "the given stream" : EscapedText.From(Endpoint.ToString());
}
