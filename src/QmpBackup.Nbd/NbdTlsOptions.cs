using System.Security.Cryptography;
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
    /// <exception cref="IOException">A file is missing, or cannot be read; the message names it.</exception>
    /// <exception cref="CryptographicException">A file is no certificate or key in PEM; the message names it.</exception>
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
            throw new CryptographicException($"{Path.Combine(directory, "client-key.pem")} is not the key of client-cert.pem, in PEM and without a password.", e);
        }

        if (OperatingSystem.IsWindows())
        {
            // SChannel does not take a key that lives in memory only.
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
            // The same as none.
        }

        throw new CryptographicException($"{Path.Combine(directory, name)} holds no certificate in PEM.");
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
