using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace QmpBackup.Nbd.Tests.Real;

public sealed class TlsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory(Timeout = 60_000)]
    [InlineData("nbdkit")]
    [InlineData("qemu-nbd")]
    public async Task Client_with_a_certificate_reads_over_tls(string program)
    {
        await using var server = new RealServer();
        var directory = MakeCertificates(server.File("pki"), "localhost");
        await StartAsync(server, program, directory, verifyClient: true);
        var uri = NbdUri.Parse($"nbds+unix:///?socket={server.Socket}&tls-hostname=localhost&tls-certificates={directory}");

        await using var client = await NbdClient.ConnectAsync(uri, new NbdClientOptions { MetaContexts = ["base:allocation"] }, Token);
        var buffer = new byte[1 << 20];
        buffer.AsSpan().Fill(1);
        await client.WriteAsync(buffer, 0, cancellationToken: Token);
        var back = new byte[1 << 20];
        await client.ReadAsync(back, 0, cancellationToken: Token);

        client.IsEncrypted.Should().BeTrue();
        back.Should().Equal(buffer);
        (await client.EnumerateExtentsAsync(0, 1 << 20, Token).ToListAsync(Token)).Should().NotBeEmpty();
        await client.DisconnectAsync(Token);
    }

    [Fact(Timeout = 60_000)]
    public async Task Server_that_requires_a_client_certificate_refuses_a_client_without_one()
    {
        await using var server = new RealServer();
        var directory = MakeCertificates(server.File("pki"), "localhost");
        await StartAsync(server, "nbdkit", directory, verifyClient: true);
        var options = Options(directory, "localhost");

        await FluentActions.Awaiting(
            () => NbdClient.ConnectAsync(server.Uri, options with { Tls = options.Tls! with { ClientCertificate = null } }, Token))
            .Should().ThrowAsync<NbdConnectException>();
    }

    [Theory(Timeout = 60_000)]
    [InlineData("elsewhere.example", false)]
    [InlineData("localhost", true)]
    public async Task Server_with_the_wrong_name_or_authority_is_not_trusted(string name, bool otherAuthority)
    {
        await using var server = new RealServer();
        var directory = MakeCertificates(server.File("pki"), "localhost");
        await StartAsync(server, "nbdkit", directory, verifyClient: false);
        var options = Options(otherAuthority ? MakeCertificates(server.File("other"), "localhost") : directory, name);

        (await FluentActions.Awaiting(() => NbdClient.ConnectAsync(server.Uri, options, Token)).Should().ThrowAsync<NbdConnectException>())
            .Which.Reason.Should().Be(NbdConnectFailure.TlsFailed);
        await using var unverified = await NbdClient.ConnectAsync(
            server.Uri, options with { Tls = options.Tls! with { VerifyPeer = false } }, Token);
        unverified.IsEncrypted.Should().BeTrue();
    }

    [Fact(Timeout = 60_000)]
    public async Task Only_the_chain_is_checked_over_a_unix_socket_without_a_host_name()
    {
        await using var server = new RealServer();
        var directory = MakeCertificates(server.File("pki"), "whatever");
        await StartAsync(server, "nbdkit", directory, verifyClient: false);

        await using var client = await NbdClient.ConnectAsync(server.Uri, Options(directory, null), Token);

        client.IsEncrypted.Should().BeTrue();
    }

    [Fact(Timeout = 60_000)]
    public async Task Server_that_requires_tls_refuses_a_client_without_it()
    {
        await using var server = new RealServer();
        await StartAsync(server, "nbdkit", MakeCertificates(server.File("pki"), "localhost"), verifyClient: false);

        (await FluentActions.Awaiting(() => NbdClient.ConnectAsync(server.Uri, null, Token))
            .Should().ThrowAsync<NbdConnectException>().WithMessage("*nbds*"))
            .Which.Reason.Should().Be(NbdConnectFailure.TlsRequired);
    }

    [Fact(Timeout = 60_000)]
    public async Task Server_without_tls_fails_with_required_tls_and_works_with_allowed_tls()
    {
        await using var server = await RealServer.NbdkitAsync("memory", "1M");

        (await FluentActions.Awaiting(
            () => NbdClient.ConnectAsync(server.Uri, new NbdClientOptions { TlsMode = NbdTlsMode.Require }, Token))
            .Should().ThrowAsync<NbdConnectException>()).Which.Reason.Should().Be(NbdConnectFailure.TlsNotOffered);
        await using var client = await NbdClient.ConnectAsync(server.Uri, new NbdClientOptions { TlsMode = NbdTlsMode.Allow }, Token);
        client.IsEncrypted.Should().BeFalse();
        await FluentActions.Awaiting(() =>
            NbdClient.ConnectAsync(server.Uri with { RequiresTls = true }, new NbdClientOptions { TlsMode = NbdTlsMode.Disable }, Token))
            .Should().ThrowAsync<ArgumentException>();
    }

    [Fact]
    public void Directory_without_an_authority_fails_and_the_message_names_the_file() =>
        FluentActions.Invoking(() => NbdTlsOptions.FromDirectory("/nonexistent"))
        .Should().Throw<FileNotFoundException>().WithMessage("*ca-cert.pem*");

    private static NbdClientOptions Options(string directory, string? name) => new()
    {
        TlsMode = NbdTlsMode.Require,
        Tls = NbdTlsOptions.FromDirectory(directory) with { TargetHost = name },
    };

    private static async Task StartAsync(RealServer server, string program, string directory, bool verifyClient)
    {
        if (program == "nbdkit")
        {
            string[] verify = verifyClient ? ["--tls-verify-peer"] : [];
            await server.StartAsync(
                "nbdkit", ["-f", "-U", server.Socket, "--tls=require", $"--tls-certificates={directory}", .. verify, "memory", "4M"]);
            return;
        }

        await Tool.RunAsync("qemu-img", "create", "-q", "-f", "raw", server.File("disk"), "4M");
        await server.StartAsync(
            "qemu-nbd", "-t", "-k", server.Socket, "-f", "raw",
            "--object", $"tls-creds-x509,id=t,dir={directory},endpoint=server,verify-peer=yes", "--tls-creds", "t",
            server.File("disk"));
    }

    private static string MakeCertificates(string directory, string host)
    {
        Directory.CreateDirectory(directory);
        using var authorityKey = RSA.Create(2048);
        var request = new CertificateRequest("CN=authority", authorityKey, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        var (from, to) = (DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        using var authority = request.CreateSelfSigned(from, to);
        File.WriteAllText(Path.Combine(directory, "ca-cert.pem"), authority.ExportCertificatePem());
        Issue("server", "1.3.6.1.5.5.7.3.1");
        Issue("client", "1.3.6.1.5.5.7.3.2");
        return directory;

        void Issue(string role, string purpose)
        {
            using var key = RSA.Create(2048);
            var leaf = new CertificateRequest($"CN={role}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            leaf.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
            leaf.CertificateExtensions.Add(
                new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment, true));
            leaf.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], false));
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName(host);
            names.AddIpAddress(IPAddress.Loopback);
            leaf.CertificateExtensions.Add(names.Build());
            using var certificate = leaf.Create(authority, from, to, RandomNumberGenerator.GetBytes(8));
            File.WriteAllText(Path.Combine(directory, $"{role}-cert.pem"), certificate.ExportCertificatePem());
            File.WriteAllText(Path.Combine(directory, $"{role}-key.pem"), key.ExportPkcs8PrivateKeyPem());
        }
    }
}
