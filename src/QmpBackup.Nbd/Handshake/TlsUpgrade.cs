using System.Globalization;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using QmpBackup.Nbd.Protocol;

namespace QmpBackup.Nbd.Handshake;

/// <summary>What .NET needs to know to do TLS the way QEMU does, and what came of it.</summary>
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

    /// <summary>Says in a sentence why there is no TLS.</summary>
    internal string Explain(Exception exception) => _refusal ?? exception switch
    {
        { InnerException: IOException or System.Net.Sockets.SocketException } or IOException => "The server closed the connection: perhaps it wants to see a certificate of this client, or another one.",
        _ => $"The server and this client could not agree, or the server refused this client's certificate{Alert(exception)}.",
    };

    private string Refusal(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if ((errors & SslPolicyErrors.RemoteCertificateNotAvailable) != 0)
            return "The server shows no certificate.";
        if ((errors & SslPolicyErrors.RemoteCertificateNameMismatch) != 0)
            return $"The server's certificate is not made out to {EscapedText.From(target.TlsHost!)}.";
        var status = chain?.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (all, one) => all | one.Status) ?? X509ChainStatusFlags.NoError;
        if ((status & X509ChainStatusFlags.NotTimeValid) != 0 && certificate is X509Certificate2 dated)
            return string.Create(CultureInfo.InvariantCulture, $"The server's certificate or its authority's is not valid at this time: the server's is from {dated.NotBefore:u} to {dated.NotAfter:u}.");
        return (status & X509ChainStatusFlags.NotValidForUsage) != 0 ? "The server's certificate is not one for a server."
            : $"The server's certificate is not signed by {(_tls.CertificateAuthorities is null ? "an authority that this host trusts" : "one of the given authorities")}.";
    }

    // What the TLS library of the system says, as "tlsv13 alert certificate required".
    private static string Alert(Exception exception)
    {
        var text = exception.GetBaseException().Message;
        var at = text.LastIndexOf(" alert ", StringComparison.Ordinal);
        return at < 0 ? "" : $" ({EscapedText.From(text[(at + 1)..].Trim('.', ' '))})";
    }
}
