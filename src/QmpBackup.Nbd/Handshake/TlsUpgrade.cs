using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace QmpBackup.Nbd.Handshake;

/// <summary>What .NET needs to know to do TLS the way QEMU does.</summary>
internal static class TlsUpgrade
{
    internal static SslStream Create(Stream stream) => new(stream, leaveInnerStreamOpen: false);

    internal static SslClientAuthenticationOptions Authentication(NbdTarget target, NbdTlsOptions? tls)
    {
        tls ??= new NbdTlsOptions();
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = target.TlsHost ?? "",
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            EncryptionPolicy = EncryptionPolicy.RequireEncryption,
        };
        if (tls.CertificateAuthorities is { } authorities)
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

        if (tls.ClientCertificate is { } certificate)
            options.ClientCertificateContext = SslStreamCertificateContext.Create(certificate, tls.ClientCertificateChain, offline: true);

        var verify = target.VerifyPeer ?? tls.VerifyPeer;
        var named = target.TlsHost is not null;
        options.RemoteCertificateValidationCallback = (_, _, _, errors) => !verify
            || (errors & ~(named ? SslPolicyErrors.None : SslPolicyErrors.RemoteCertificateNameMismatch)) == SslPolicyErrors.None;
        return options;
    }

    internal static string Explain(Exception exception) =>
        exception.InnerException is { } inner && inner.Message.Length > 0 ? $"{exception.Message} {inner.Message}" : exception.Message;
}
