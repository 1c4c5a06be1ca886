using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace QmpBackup.Nbd;

/// <summary>How client and server authenticate each other (x509).</summary>
public sealed record NbdTlsOptions
{
    /// <summary>The certificate authorities that may sign the server's certificate; null for those of the operating system.</summary>
    public X509Certificate2Collection? CertificateAuthorities { get; init; }

    /// <summary>The certificate of the client with its private key; null for none.</summary>
    public X509Certificate2? ClientCertificate { get; init; }

    /// <summary>Further certificates to send: those between <see cref="ClientCertificate"/> and its authority.</summary>
    public X509Certificate2Collection? ClientCertificateChain { get; init; }

    /// <summary>
    /// The host name that the server's certificate must have; null for the host of the URI. Without any name, which is usual for a unix
    /// socket, the client checks only who signed the certificate.
    /// </summary>
    public string? TargetHost { get; init; }

    /// <summary>False to accept any certificate. Default true.</summary>
    public bool VerifyPeer { get; init; } = true;

    /// <summary>
    /// Reads a directory with the layout of QEMU's <c>tls-creds-x509</c> and of libnbd: <c>ca-cert.pem</c>, and optionally
    /// <c>client-cert.pem</c> with <c>client-key.pem</c>. A <c>ca-crl.pem</c> is ignored.
    /// </summary>
    /// <param name="directory">The directory.</param>
    /// <exception cref="IOException">A file is missing or cannot be read; the message names it.</exception>
    /// <exception cref="CryptographicException">A file is not a certificate or key in PEM format; the message names it.</exception>
    public static NbdTlsOptions FromDirectory(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        var authorities = Certificates(directory, "ca-cert.pem");
        if (!File.Exists(Path.Combine(directory, "client-cert.pem")) && !File.Exists(Path.Combine(directory, "client-key.pem")))
            return new NbdTlsOptions { CertificateAuthorities = authorities };

        var chain = Certificates(directory, "client-cert.pem");
        var (text, key) = (Read(directory, "client-cert.pem"), Read(directory, "client-key.pem"));
        X509Certificate2 certificate;
        try
        {
            certificate = X509Certificate2.CreateFromPem(text, key);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            var path = Path.Combine(directory, "client-key.pem");
            throw new CryptographicException($"{path} must be the key of client-cert.pem, in PEM format and without a password.", e);
        }

        if (OperatingSystem.IsWindows())
        {
            // SChannel does not accept a key that exists only in memory.
            using var inMemory = certificate;
            certificate = X509CertificateLoader.LoadPkcs12(inMemory.Export(X509ContentType.Pkcs12), null);
        }

        return new NbdTlsOptions { CertificateAuthorities = authorities, ClientCertificate = certificate, ClientCertificateChain = chain };
    }

    private static X509Certificate2Collection Certificates(string directory, string name)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(Read(directory, name));
            if (certificates.Count > 0)
                return certificates;
        }
        catch (CryptographicException)
        {
            // Reported below, together with a file without a certificate.
        }

        throw new CryptographicException($"{Path.Combine(directory, name)} does not contain a certificate in PEM format.");
    }

    private static string Read(string directory, string name)
    {
        var path = Path.Combine(directory, name);
        if (!File.Exists(path))
            throw new FileNotFoundException($"There is no file {path}.", path);
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{path} cannot be read{(e is UnauthorizedAccessException ? ": permission denied" : "")}.", e);
        }
    }
}

/// <summary>When a connection uses TLS.</summary>
public enum NbdTlsMode
{
    /// <summary>As the scheme of the URI says: <c>nbds</c> is <see cref="Require"/>, <c>nbd</c> is <see cref="Disable"/>.</summary>
    FromUri,

    /// <summary>Never.</summary>
    Disable,

    /// <summary>If the server offers it. An attacker can suppress the offer: prefer <see cref="Require"/>.</summary>
    Allow,

    /// <summary>Always; connecting fails if the server does not offer it.</summary>
    Require,
}
