using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using QmpBackup.Nbd;
using QmpBackup.Qemu.Tests.Repositories;
using QmpBackup.Qemu.Tests.Workflow;
using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Repositories.RepositoryLab;

namespace QmpBackup.Qemu.Tests.Pulling;

/// <summary>Encrypted exports with certificates on both sides.</summary>
public sealed class TlsTests
{
    private static async Task<RepositoryLab> LabAsync(string certificates = "pki")
    {
        var lab = await RepositoryLab.StartAsync();
        await lab.Vm.WriteAsync("a", 0, 0x5a, 2 * Mib);
        var folder = MakeCertificates(lab, certificates);
        await lab.Vm.Monitor.ExecuteAsync("object-add",
            $$"""{"qom-type":"tls-creds-x509","id":"tls0","dir":{{QmpMonitor.Quote(folder)}},"endpoint":"server","verify-peer":true}""",
                Token);
        return lab;
    }

    private static Task<CommandResult> RunAsync(RepositoryLab lab, params string[] arguments) => Qbackup.RunAsync(
        ["run", "--qmp", lab.Vm.QmpEndpoint, "--repo", lab.Repository.Path, "--scratch-dir", lab.Vm.Directory.Path, "--tls-creds", "tls0",
            .. arguments], null, Token);

    [Fact(Timeout = 60_000)]
    public async Task Run_over_TLS_is_restored_exactly()
    {
        await using var lab = await LabAsync();
        string[] certificates = ["--tls-certificates", lab.Vm.Directory.File("pki")];
        foreach (var where in new[] { Array.Empty<string>(), ["--nbd", $"tcp:127.0.0.1:{FreePort()}"] })
        {
            var result = await RunAsync(lab, [.. certificates, .. where]);
            result.ExitCode.Should().Be(0, result.Stderr);
            lab.Remember(lab.Chain.Read().Points[^1]);
            await lab.Vm.WriteAsync("a", Mib, 0x5b, 2 * Mib);
        }

        var session = await WorkflowOf.StartAsync(lab.Vm, r => r with { TlsCreds = "tls0" });
        session.Disks.Single().Uri.Should().Match<NbdUri>(uri => uri.RequiresTls && uri.Endpoint.SocketPath != null);
        var pull = await Qbackup.RunAsync(
            ["pull", "--qmp", lab.Vm.QmpEndpoint, "--repo", lab.Repository.Path, .. certificates], null, Token);
        pull.ExitCode.Should().Be(0, pull.Stderr);
        lab.Remember(lab.Chain.Read().Points[^1]);
        await WorkflowOf.FinishAsync(lab.Vm);
        await lab.ShouldAllBeRightAsync();
    }

    [Fact(Timeout = 60_000)]
    public async Task Wrong_certificates_fail_the_run_with_the_reason()
    {
        await using var lab = await LabAsync();
        var before = await lab.Vm.StateAsync();
        var none = await RunAsync(lab);
        none.ExitCode.Should().Be(5, none.Stderr);
        none.Stderr.Should().Contain("The server's certificate is not signed by an authority that this host trusts.")
            .And.NotContain("   at ").And.NotContain(" warn ");

        var others = await RunAsync(lab, "--tls-certificates", MakeCertificates(lab, "other"));
        others.ExitCode.Should().Be(5, others.Stderr);
        others.Stderr.Should().Contain("The server's certificate is not signed by one of the given authorities.").And.NotContain("   at ")
            .And.NotContain("Callback");

        // QEMU requires a certificate of the client.
        var bare = lab.Vm.Directory.Folder("bare");
        File.Copy(lab.Vm.Directory.File("pki/ca-cert.pem"), Path.Combine(bare, "ca-cert.pem"));
        var anonymous = await RunAsync(lab, "--tls-certificates", bare);
        anonymous.ExitCode.Should().Be(5, anonymous.Stderr);
        anonymous.Stderr.Should().Contain("--tls-certificates").And.NotContain("   at ").And.NotContain("SSL").And.NotContain(" warn ");

        (await RunAsync(lab, "--tls-certificates", lab.Vm.Directory.Folder("empty"))).ExitCode.Should().Be(2);
        (await lab.Vm.StateAsync()).Should().BeEquivalentTo(before);
        lab.Chain.Read().Points.Should().BeEmpty();
    }

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string MakeCertificates(RepositoryLab lab, string name)
    {
        var folder = lab.Vm.Directory.Folder(name);
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=authority", authorityKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        var (from, to) = (DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        using var authority = request.CreateSelfSigned(from, to);
        File.WriteAllText(Path.Combine(folder, "ca-cert.pem"), authority.ExportCertificatePem());
        foreach (var (role, purpose) in new[] { ("server", "1.3.6.1.5.5.7.3.1"), ("client", "1.3.6.1.5.5.7.3.2") })
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var leaf = new CertificateRequest($"CN={role}", key, HashAlgorithmName.SHA256);
            leaf.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
            leaf.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
            leaf.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], false));
            var names = new SubjectAlternativeNameBuilder();
            names.AddIpAddress(IPAddress.Loopback);
            leaf.CertificateExtensions.Add(names.Build());
            using var certificate = leaf.Create(authority, from, to, RandomNumberGenerator.GetBytes(8));
            File.WriteAllText(Path.Combine(folder, $"{role}-cert.pem"), certificate.ExportCertificatePem());
            File.WriteAllText(Path.Combine(folder, $"{role}-key.pem"), key.ExportPkcs8PrivateKeyPem());
        }

        return folder;
    }
}
