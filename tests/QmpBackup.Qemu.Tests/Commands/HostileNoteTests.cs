using System.Text.Json.Nodes;
using QmpBackup.Qemu.Tests.Workflow;
using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Workflow.WorkflowOf;

namespace QmpBackup.Qemu.Tests.Commands;

/// <summary>A hostile QEMU says of its backup what it likes: nothing of another VM's is removed or read.</summary>
public sealed class HostileNoteTests
{
    private static Task<QemuVm> StartAsync(bool tcp = false) =>
        QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")], TcpMonitor = tcp }, TestContext.Current.CancellationToken);

    private static async Task<JsonObject> NoteAsync(QemuVm vm) => (JsonObject)JsonNode.Parse(
        (await vm.Monitor.ExecuteAsync("qom-get", """{"path":"/objects/qbackup-session","property":"identity"}""")).GetString()!)!;

    private static async Task SetNoteAsync(QemuVm vm, JsonNode note) => await vm.Monitor.ExecuteAsync("qom-set",
        $$"""{"path":"/objects/qbackup-session","property":"identity","value":{{QmpMonitor.Quote(note.ToJsonString())}}}""");

    [Fact(Timeout = 120_000)]
    public async Task A_note_that_names_another_VMs_backup_harms_and_reads_nothing_of_it()
    {
        await using var victim = await StartAsync();
        await using var attacker = await StartAsync();
        await victim.WriteAsync("a", 0, 0x5a, 1 << 20);
        var session = await WorkflowOf.StartAsync(victim);
        var theirs = await NoteAsync(victim);
        var point = victim.Snapshot("a");

        // The note as a whole, with the names of the other's checkpoint: all in it agrees.
        await WorkflowOf.StartAsync(attacker);
        await SetNoteAsync(attacker, theirs);
        await ShouldBeRefusedAsync(attacker, "backup");
        (await CommandOf.RunAsync(attacker, "abort", "-v")).Stderr.Should().Contain("left alone");

        // Only its folder and socket.
        await WorkflowOf.StartAsync(attacker);
        var mixed = await NoteAsync(attacker);
        foreach (var member in new[] { "nbd", "scratchFolder" })
            mixed[member] = theirs[member]!.DeepClone();
        await SetNoteAsync(attacker, mixed);
        await ShouldBeRefusedAsync(attacker, "pulled");
        (await CommandOf.RunAsync(attacker, "abort")).ExitCode.Should().Be(0);

        // Only its socket.
        await WorkflowOf.StartAsync(attacker);
        mixed = await NoteAsync(attacker);
        mixed["nbd"] = theirs["nbd"]!.DeepClone();
        await SetNoteAsync(attacker, mixed);
        await ShouldBeRefusedAsync(attacker, "not trusted", 2);

        // Its own socket, in the place of which it has put a link: the folder is its own.
        mixed["nbd"] = $"unix:{mixed["scratchFolder"]}/{Path.GetFileName((string)mixed["scratchFolder"]!)}.sock";
        var socket = ((string)mixed["nbd"]!)["unix:".Length..];
        await SetNoteAsync(attacker, mixed);
        File.Delete(socket);
        File.CreateSymbolicLink(socket, ((string)theirs["nbd"]!)["unix:".Length..]);
        await ShouldBeRefusedAsync(attacker, "process");
        (await CommandOf.RunAsync(attacker, "abort")).ExitCode.Should().Be(0);

        await session.Disk("a").ShouldReadAsync(point, victim);
        await FinishAsync(victim);
        victim.ShouldHaveNoScratch();
    }

    [Fact(Timeout = 60_000)]
    public async Task Where_a_process_that_is_not_QEMU_answers_only_an_address_that_the_user_names_is_read()
    {
        await using var vm = await StartAsync();
        var session = await WorkflowOf.StartAsync(vm);
        // It could alter each message, so that another VM's backup looked like this one's.
        await using var proxy = QmpProxy.Start(vm);
        string[] pull = ["pull", "--repo", vm.Directory.File("repo")];
        var refused = await CommandOf.RunAsync(proxy.Endpoint, vm, pull);
        (refused.ExitCode, refused.Stderr.Contains("is not QEMU", StringComparison.Ordinal)).Should().Be((2, true), refused.Stderr);
        (await CommandOf.RunAsync(proxy.Endpoint, vm, [.. pull, "--nbd", $"{session.Nbd}"])).EnsureSuccess();
        await FinishAsync(vm);
    }

    [Fact(Timeout = 60_000)]
    public async Task Over_TCP_a_note_removes_nothing_on_this_host()
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
    public async Task Whoever_asks_for_TLS_gets_no_plain_text()
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
