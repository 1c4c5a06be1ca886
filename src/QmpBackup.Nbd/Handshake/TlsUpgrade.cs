using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using QmpBackup.Nbd.Protocol;
using QmpBackup.Nbd.Transport;

namespace QmpBackup.Nbd.Handshake;

/// <summary>Configures TLS as QEMU uses it, and explains a failure.</summary>
internal sealed class TlsUpgrade(NbdTarget target, NbdTlsOptions? tls)
{
    private readonly NbdTlsOptions _tls = tls ?? new NbdTlsOptions();
    private string? _refusal;

    internal static SslStream Create(Stream stream) => new(stream, leaveInnerStreamOpen: false);

    internal SslClientAuthenticationOptions Authentication()
    {
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = target.TlsHost ?? "",
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            EncryptionPolicy = EncryptionPolicy.RequireEncryption,
        };
        if (_tls.CertificateAuthorities is { } authorities)
        {
            var policy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
                DisableCertificateDownloads = true,
            };
            policy.CustomTrustStore.AddRange(authorities);
            policy.ApplicationPolicy.Add(new System.Security.Cryptography.Oid("1.3.6.1.5.5.7.3.1")); // serverAuth
            options.CertificateChainPolicy = policy;
        }

        if (_tls.ClientCertificate is { } certificate)
            options.ClientCertificateContext = SslStreamCertificateContext.Create(certificate, _tls.ClientCertificateChain, offline: true);

        var verify = target.VerifyPeer ?? _tls.VerifyPeer;
        options.RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
        {
            if (target.TlsHost is null)
                errors &= ~SslPolicyErrors.RemoteCertificateNameMismatch;
            if (verify && errors != SslPolicyErrors.None)
                _refusal = Refusal(certificate, chain, errors);
            return !verify || errors == SslPolicyErrors.None;
        };
        return options;
    }

    /// <summary>The reason of a failed TLS handshake, as a sentence.</summary>
    internal string Explain(Exception exception) => _refusal ?? exception switch
    {
        { InnerException: IOException or SocketException } or IOException =>
            "The server closed the connection: it may require a client certificate, or a different one.",
        _ => $"Server and client could not agree, or the server refused the client certificate{Alert(exception)}.",
    };

    private string Refusal(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if ((errors & SslPolicyErrors.RemoteCertificateNotAvailable) != 0)
            return "The server sent no certificate.";
        if ((errors & SslPolicyErrors.RemoteCertificateNameMismatch) != 0)
            return $"The server's certificate is not for the host {EscapedText.From(target.TlsHost!)}.";
        var status = chain is null
            ? X509ChainStatusFlags.NoError
            : chain.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (all, one) => all | one.Status);
        if ((status & X509ChainStatusFlags.NotTimeValid) != 0 && certificate is X509Certificate2 dated)
        {
            var period = string.Create(CultureInfo.InvariantCulture, $"from {dated.NotBefore:u} to {dated.NotAfter:u}");
            return $"The certificate of the server or of its authority is not valid at this time: the server's is valid {period}.";
        }

        if ((status & X509ChainStatusFlags.NotValidForUsage) != 0)
            return "The server's certificate is not a server certificate.";
        var trusted = _tls.CertificateAuthorities is null ? "an authority that this host trusts" : "one of the given authorities";
        return $"The server's certificate is not signed by {trusted}.";
    }

    // The text of the system's TLS library, such as "tlsv13 alert certificate required".
    private static string Alert(Exception exception)
    {
        var text = exception.GetBaseException().Message;
        var at = text.LastIndexOf(" alert ", StringComparison.Ordinal);
        return at < 0 ? "" : $" ({EscapedText.From(text[(at + 1)..].Trim('.', ' '))})";
    }
}
