using System.Text.Json.Nodes;
using QmpBackup.Qemu.Tests.Workflow;
using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Workflow.WorkflowOf;

namespace QmpBackup.Qemu.Tests.Commands;

/// <summary>A hostile QEMU can change the note of its backup: nothing of another VM is removed or read.</summary>
public sealed class HostileNoteTests
{
    private static Task<QemuVm> StartAsync(bool tcp = false) =>
        QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")], TcpMonitor = tcp }, TestContext.Current.CancellationToken);

    private static async Task<JsonObject> NoteAsync(QemuVm vm) => (JsonObject)JsonNode.Parse(
        (await vm.Monitor.ExecuteAsync("qom-get", """{"path":"/objects/qbackup-session","property":"identity"}""")).GetString()!)!;

    private static async Task SetNoteAsync(QemuVm vm, JsonNode note) => await vm.Monitor.ExecuteAsync("qom-set",
        $$"""{"path":"/objects/qbackup-session","property":"identity","value":{{QmpMonitor.Quote(note.ToJsonString())}}}""");

    [Fact(Timeout = 120_000)]
    public async Task Note_that_names_the_backup_of_another_VM_neither_reads_nor_changes_it()
    {
        await using var victim = await StartAsync();
        await using var attacker = await StartAsync();
        await victim.WriteAsync("a", 0, 0x5a, 1 << 20);
        var session = await WorkflowOf.StartAsync(victim);
        var victimNote = await NoteAsync(victim);
        var point = victim.Snapshot("a");

        // The whole note of the other VM: all names in it agree with its checkpoint.
        await WorkflowOf.StartAsync(attacker);
        await SetNoteAsync(attacker, victimNote);
        await ShouldBeRefusedAsync(attacker, "backup");
        (await CommandOf.RunAsync(attacker, "abort", "-v")).Stderr.Should().Contain("left alone");

        // Only the folder and the socket of the other VM.
        await WorkflowOf.StartAsync(attacker);
        var mixed = await NoteAsync(attacker);
        foreach (var member in new[] { "nbd", "scratchFolder" })
            mixed[member] = victimNote[member]!.DeepClone();
        await SetNoteAsync(attacker, mixed);
        await ShouldBeRefusedAsync(attacker, "pulled");
        (await CommandOf.RunAsync(attacker, "abort")).ExitCode.Should().Be(0);

        // Only the socket of the other VM.
        await WorkflowOf.StartAsync(attacker);
        mixed = await NoteAsync(attacker);
        mixed["nbd"] = victimNote["nbd"]!.DeepClone();
        await SetNoteAsync(attacker, mixed);
        await ShouldBeRefusedAsync(attacker, "not trusted", 2);

        // A link to the socket of the other VM, in its own folder, in place of its own socket.
        mixed["nbd"] = $"unix:{mixed["scratchFolder"]}/{Path.GetFileName((string)mixed["scratchFolder"]!)}.sock";
        var socket = ((string)mixed["nbd"]!)["unix:".Length..];
        await SetNoteAsync(attacker, mixed);
        File.Delete(socket);
        File.CreateSymbolicLink(socket, ((string)victimNote["nbd"]!)["unix:".Length..]);
        await ShouldBeRefusedAsync(attacker, "process");
        (await CommandOf.RunAsync(attacker, "abort")).ExitCode.Should().Be(0);

        await session.Disk("a").ShouldReadAsync(point, victim);
        await FinishAsync(victim);
        victim.ShouldHaveNoScratch();
    }

    [Fact(Timeout = 60_000)]
    public async Task Pull_through_a_process_that_is_not_QEMU_needs_an_address_from_the_user()
    {
        await using var vm = await StartAsync();
        var session = await WorkflowOf.StartAsync(vm);
        // It could change each message, so that the backup of another VM looks like the backup of this one.
        await using var proxy = QmpProxy.Start(vm);
        string[] pull = ["pull", "--repo", vm.Directory.File("repo")];
        var refused = await CommandOf.RunAsync(proxy.Endpoint, vm, pull);
        (refused.ExitCode, refused.Stderr.Contains("is not QEMU", StringComparison.Ordinal)).Should().Be((2, true), refused.Stderr);
        (await CommandOf.RunAsync(proxy.Endpoint, vm, [.. pull, "--nbd", $"{session.Nbd}"])).EnsureSuccess();
        await FinishAsync(vm);
    }

    [Fact(Timeout = 60_000)]
    public async Task Note_over_TCP_removes_no_file_on_this_host()
    {
        await using var vm = await StartAsync(tcp: true);
        BackupSession session;
        await using (var workflow = await ConnectAsync($"tcp:127.0.0.1:{vm.TcpPort}"))
            session = await workflow.StartAsync(Request(vm));
        var tag = session.Checkpoint!.Value.Tag;
        var folder = vm.Directory.Folder("qbackup-" + tag);
        var file = Path.Combine(folder, $"qbackup-{tag}-0.qcow2");
        await File.WriteAllTextAsync(file, "precious");
        var note = await NoteAsync(vm);
        note["scratchFolder"] = folder;
        note["disks"]![0]!["scratch"] = file;
        await SetNoteAsync(vm, note);
        var plan = await CommandOf.RunAsync($"tcp:127.0.0.1:{vm.TcpPort}", vm, "plan", "finish");
        plan.Stdout.Should().NotContain("rm ");
        var pull = await CommandOf.RunAsync($"tcp:127.0.0.1:{vm.TcpPort}", vm, "pull", "--repo", vm.Directory.File("repo"));
        (pull.ExitCode, pull.Stderr.Contains("--nbd")).Should().Be((2, true), pull.Stderr);
        (await CommandOf.RunAsync($"tcp:127.0.0.1:{vm.TcpPort}", vm, "finish")).ExitCode.Should().Be(0);
        File.Exists(file).Should().BeTrue();
    }

    [Fact(Timeout = 60_000)]
    public async Task Pull_and_run_with_TLS_certificates_refuse_plain_text()
    {
        await using var vm = await StartAsync();
        var certificates = vm.Directory.Folder("pki");
        await File.WriteAllTextAsync(Path.Combine(certificates, "ca-cert.pem"), Certificate());
        await WorkflowOf.StartAsync(vm);
        var pull = await CommandOf.RunAsync(vm, "pull", "--repo", vm.Directory.File("repo"), "--tls-certificates", certificates);
        (pull.ExitCode, pull.Stderr.Contains("without TLS")).Should().Be((2, true), pull.Stderr);
        await AbortAsync(vm);
        var run = await CommandOf.RunAsync(vm, "run", "--repo", vm.Directory.File("repo"), "--tls-certificates", certificates);
        (run.ExitCode, run.Stderr.Contains("--tls-creds")).Should().Be((2, true), run.Stderr);
    }

    private static async Task ShouldBeRefusedAsync(QemuVm vm, string reason, int exitCode = 5)
    {
        var repository = vm.Directory.File("repo");
        var pull = await CommandOf.RunAsync(vm, "pull", "--repo", repository);
        pull.ExitCode.Should().Be(exitCode, pull.Stderr);
        pull.Stderr.Should().Contain(reason);
        if (Directory.Exists(repository))
            Directory.EnumerateFiles(repository, "*Z-*.json", SearchOption.AllDirectories).Should().BeEmpty();
    }

    private static string Certificate()
    {
        using var key = System.Security.Cryptography.ECDsa.Create();
        var request = new System.Security.Cryptography.X509Certificates.CertificateRequest("CN=x", key, System.Security.Cryptography.HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return certificate.ExportCertificatePem();
    }
}
