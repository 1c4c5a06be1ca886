using System.Security.Cryptography.X509Certificates;

namespace QmpBackup.Nbd;

/// <summary>How to authenticate the server, and this client to the server (x509).</summary>
public sealed record NbdTlsOptions
{
    /// <summary>The authorities that the server's certificate must chain to; null for those of the operating system.</summary>
    public X509Certificate2Collection? CertificateAuthorities { get; init; }

    /// <summary>This client's certificate with its private key; null for none.</summary>
    public X509Certificate2? ClientCertificate { get; init; }

    /// <summary>Further certificates to send along, between <see cref="ClientCertificate"/> and the authority.</summary>
    public X509Certificate2Collection? ClientCertificateChain { get; init; }

    /// <summary>
    /// The name that the server's certificate must bear; null for the host connected to. Over a unix socket without a name
    /// only the chain is checked.
    /// </summary>
    public string? TargetHost { get; init; }

    /// <summary>False takes any certificate. Default true.</summary>
    public bool VerifyPeer { get; init; } = true;

    /// <summary>
    /// Reads a directory laid out as QEMU's <c>tls-creds-x509</c> and libnbd have it: <c>ca-cert.pem</c>, and if they are there
    /// <c>client-cert.pem</c> with <c>client-key.pem</c>. A <c>ca-crl.pem</c> is not looked at.
    /// </summary>
    /// <param name="directory">The directory.</param>
    /// <exception cref="FileNotFoundException"><c>ca-cert.pem</c> is missing, or one of the client's two files.</exception>
    /// <exception cref="System.Security.Cryptography.CryptographicException">A file is no certificate or key.</exception>
    public static NbdTlsOptions FromDirectory(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(Existing(directory, "ca-cert.pem"));
        if (!File.Exists(Path.Combine(directory, "client-cert.pem")) && !File.Exists(Path.Combine(directory, "client-key.pem")))
            return new NbdTlsOptions { CertificateAuthorities = authorities };

        var certificateFile = Existing(directory, "client-cert.pem");
        var certificate = X509Certificate2.CreateFromPemFile(certificateFile, Existing(directory, "client-key.pem"));
        if (OperatingSystem.IsWindows())
        {
            // SChannel does not take a key that lives in memory only.
            using var inMemory = certificate;
            certificate = X509CertificateLoader.LoadPkcs12(inMemory.Export(X509ContentType.Pkcs12), null);
        }

        var chain = new X509Certificate2Collection();
        chain.ImportFromPemFile(certificateFile);
        return new NbdTlsOptions { CertificateAuthorities = authorities, ClientCertificate = certificate, ClientCertificateChain = chain };
    }

    private static string Existing(string directory, string name)
    {
        var path = Path.Combine(directory, name);
        return File.Exists(path) ? path : throw new FileNotFoundException($"The TLS credentials directory has no {name}.", path);
    }
}
