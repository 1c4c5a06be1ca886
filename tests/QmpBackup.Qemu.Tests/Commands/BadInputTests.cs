using QmpBackup.Qemu.Tests.Workflow;
using QmpBackup.Testing;

namespace QmpBackup.Qemu.Tests.Commands;

/// <summary>Bad input: a clear error that says what to do, the right exit code, and nothing left behind.</summary>
public sealed class BadInputTests
{
    private static async Task ShouldFailAsync(QemuProcess vm, string endpoint, int exitCode, string says, params string[] arguments)
    {
        var text = await CommandOf.RunAsync(endpoint, vm, arguments);
        text.ExitCode.Should().Be(exitCode, text.ToString());
        text.Stdout.Should().BeEmpty();
        text.Stderr.Should().Contain(says).And.NotContain("   at ");
        var json = await CommandOf.RunAsync(endpoint, vm, [.. arguments, "-o", "json"]);
        json.ExitCode.Should().Be(exitCode);
        json.Stdout.Should().BeEmpty();
        json.Error().GetProperty("message").GetString().Should().Contain(says);
    }

    [Fact(Timeout = 120_000)]
    public async Task Endpoints_that_are_no_VM()
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] });
        await ShouldFailAsync(vm, "unix:/nowhere/qmp", 3, "/nowhere/qmp", "start");
        await ShouldFailAsync(vm, "tcp:127.0.0.1:1", 3, "127.0.0.1:1", "start");
        await using var silent = new SilentServer(vm.Directory.File("silent"));
        await ShouldFailAsync(vm, silent.Endpoint, 3, "in use by another client", "status");
        await using var garbage = new GarbageServer(vm.Directory.File("garbage"));
        await ShouldFailAsync(vm, garbage.Endpoint, 3, "QMP", "status");
        await File.WriteAllTextAsync(vm.Directory.File("file"), "no socket");
        await ShouldFailAsync(vm, vm.Directory.File("file"), 3, "file", "status");
    }

    [Fact(Timeout = 120_000)]
    public async Task Requests_that_make_no_sense_for_this_VM()
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
    public async Task A_QEMU_that_hangs_is_waited_for_only_so_long_and_tidied_up_after()
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] });
        vm.SigStop();
        await ShouldFailAsync(vm, vm.QmpEndpoint, 3, "no greeting", "status");
        vm.SigCont();
        // It first takes up the connection that was given up, and until then there is no room for another.
        while (await CommandOf.RunAsync(vm, "status") is { ExitCode: not 0 } refused)
            refused.ExitCode.Should().Be(3, refused.ToString());
    }

    [Fact(Timeout = 120_000)]
    public async Task A_scratch_directory_of_another_user_is_given_to_the_user_of_the_VM()
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] });
        var session = await WorkflowOf.StartAsync(vm);
        Directory.GetFiles(Path.GetDirectoryName(session.Nbd!.SocketPath)!).Select(f => Path.GetExtension(f))
            .Should().BeEquivalentTo([".qcow2", ".sock", ".json"], "the image, the socket, and the mark that says whose the folder is");
        await WorkflowOf.AbortAsync(vm);
    }
}
