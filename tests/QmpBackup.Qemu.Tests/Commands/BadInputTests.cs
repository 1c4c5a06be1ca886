using QmpBackup.Qemu.Tests.Workflow;
using QmpBackup.Testing;

namespace QmpBackup.Qemu.Tests.Commands;

/// <summary>Bad input gives a clear error that says what to do and the right exit code, and leaves nothing behind.</summary>
public sealed class BadInputTests
{
    private static async Task ShouldFailAsync(QemuProcess vm, string endpoint, int exitCode, string message, params string[] arguments)
    {
        var text = await CommandOf.RunAsync(endpoint, vm, arguments);
        text.ExitCode.Should().Be(exitCode, text.ToString());
        text.Stdout.Should().BeEmpty();
        text.Stderr.Should().Contain(message).And.NotContain("   at ");
        var json = await CommandOf.RunAsync(endpoint, vm, [.. arguments, "-o", "json"]);
        json.ExitCode.Should().Be(exitCode);
        json.Stdout.Should().BeEmpty();
        json.Error().GetProperty("message").GetString().Should().Contain(message);
    }

    [Fact(Timeout = 120_000)]
    public async Task Endpoint_without_a_QMP_monitor_is_reported()
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] });
        await ShouldFailAsync(vm, "unix:/nowhere/qmp", 3, "/nowhere/qmp", "start");
        await ShouldFailAsync(vm, "tcp:127.0.0.1:1", 3, "127.0.0.1:1", "start");
        await using var silent = new SilentServer(vm.Directory.File("silent"));
        await ShouldFailAsync(vm, silent.Endpoint, 3, "in use by another client", "status");
        await using var garbage = new GarbageServer(vm.Directory.File("garbage"));
        await ShouldFailAsync(vm, garbage.Endpoint, 3, "QMP", "status");
        await File.WriteAllTextAsync(vm.Directory.File("file"), "not a socket");
        await ShouldFailAsync(vm, vm.Directory.File("file"), 3, "file", "status");
    }

    [Fact(Timeout = 120_000)]
    public async Task Invalid_request_is_refused_and_changes_nothing()
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a"), new TestDisk("ro") { ReadOnly = true }] });
        await WorkflowOf.FullAsync(vm);
        var before = await vm.StateAsync();
        var taken = vm.Directory.File("taken");
        await File.WriteAllTextAsync(taken, "mine");
        await ShouldFailAsync(vm, vm.QmpEndpoint, 2, "no disk 'x'", "start", "--disk", "x");
        await ShouldFailAsync(vm, vm.QmpEndpoint, 2, "cannot be written", "start", "--disk", "ro");
        await ShouldFailAsync(vm, vm.QmpEndpoint, 8, "/proc", "start", "--scratch-dir", "/proc");
        await ShouldFailAsync(vm, vm.QmpEndpoint, 8, "does not exist", "start", "--scratch-dir", "/nowhere");
        await ShouldFailAsync(vm, vm.QmpEndpoint, 2, taken, "start", "--nbd", "unix:" + taken);
        await ShouldFailAsync(vm, vm.QmpEndpoint, 11, "no checkpoint 20200101T000000Z-000000", "start", "--since", "20200101T000000Z-000000");
        await ShouldFailAsync(vm, vm.QmpEndpoint, 11, "not be sound", "start", "--level", "incremental", "--chain", "other");
        await ShouldFailAsync(vm, vm.QmpEndpoint, 10, "No backup is open", "finish");
        await ShouldFailAsync(vm, vm.QmpEndpoint, 4, "no-such-command", "qmp", "no-such-command");
        (await File.ReadAllTextAsync(taken)).Should().Be("mine");
        (await vm.StateAsync()).Should().BeEquivalentTo(before);
        vm.ShouldHaveNoScratch();

        await WorkflowOf.StartAsync(vm);
        await ShouldFailAsync(vm, vm.QmpEndpoint, 9, "is open", "start");
        await WorkflowOf.AbortAsync(vm);
    }

    [Fact(Timeout = 120_000)]
    public async Task Command_ends_if_QEMU_sends_no_greeting_and_works_when_QEMU_continues()
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] });
        vm.SigStop();
        await ShouldFailAsync(vm, vm.QmpEndpoint, 3, "no greeting", "status");
        vm.SigCont();
        // QEMU first accepts the connection that the command gave up. Until then it refuses another one.
        while (await CommandOf.RunAsync(vm, "status") is { ExitCode: not 0 } refused)
            refused.ExitCode.Should().Be(3, refused.ToString());
    }

    [Fact(Timeout = 120_000)]
    public async Task Scratch_folder_holds_the_image_the_socket_and_the_mark()
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] });
        var session = await WorkflowOf.StartAsync(vm);
        Directory.GetFiles(Path.GetDirectoryName(session.Nbd!.SocketPath)!).Select(f => Path.GetExtension(f))
            .Should().BeEquivalentTo([".qcow2", ".sock", ".json"], "the image, the socket, and the mark that names the owner of the folder");
        await WorkflowOf.AbortAsync(vm);
    }
}
