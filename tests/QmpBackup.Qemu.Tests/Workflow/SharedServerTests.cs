using QmpBackup.Nbd;
using QmpBackup.Qemu.Tests.Commands;
using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Workflow.WorkflowOf;

namespace QmpBackup.Qemu.Tests.Workflow;

/// <summary>QEMU's only NBD server serves a guest already: the backup uses it and never stops it.</summary>
public sealed class SharedServerTests
{
    private const int Mib = 1 << 20;

    [Fact(Timeout = 60_000)]
    public async Task A_storage_daemon_that_serves_its_guest_by_NBD_is_backed_up_and_keeps_serving()
    {
        await using var daemon = await StorageDaemon.StartAsync(new StorageDaemonOptions { Disks = [new TestDisk("disk")] }, TestContext.Current.CancellationToken);
        await daemon.WriteAsync("disk", 0, 0x11, Mib);
        var run = await CommandOf.RunAsync(daemon, "run", "--vm", "daemon", "--repo", daemon.Directory.File("repo"));
        run.ExitCode.Should().Be(0, run.Stderr);
        await daemon.WriteAsync("disk", Mib, 0x22, Mib);

        var parent = daemon.Snapshot("disk");
        var session = await StartAsync(daemon);
        var point = daemon.Snapshot("disk");
        await daemon.WriteAsync("disk", 0, 0x33, Mib);
        session.Disk("disk").Level.Should().Be(BackupLevel.Incremental);
        session.Nbd.Should().Be(NbdEndpoint.Unix(daemon.Directory.File("guest")));
        await session.Disk("disk").ShouldReadAsync(point, daemon);
        var pull = await CommandOf.RunAsync(daemon, "pull", "--vm", "daemon", "--repo", daemon.Directory.File("repo"));
        pull.ExitCode.Should().Be(0, pull.Stderr);
        await FinishAsync(daemon);
        await daemon.WriteAsync("disk", 0, 0x44, Mib);
        await StartAsync(daemon);
        await AbortAsync(daemon);
        await daemon.WriteAsync("disk", 0, 0x55, Mib);
        (await Qbackup.RunAsync("restore", "--disk", "disk", "--vm", "daemon", "--repo", daemon.Directory.File("repo"), "--point", "latest", "--format", "raw", "--to", daemon.Directory.File("out")))
            .ExitCode.Should().Be(0);
        DiskOracle.Compare(point, await File.ReadAllBytesAsync(daemon.Directory.File("out"))).Should().BeNull();
        parent.Should().Equal(point);
        daemon.ShouldHaveNoScratch();
    }

    [Fact(Timeout = 60_000)]
    public async Task For_a_VM_the_user_gives_the_server_address_and_a_wrong_address_is_detected()
    {
        await using var vm = await QemuVm.StartAsync(TestContext.Current.CancellationToken);
        await using var other = await QemuVm.StartAsync(TestContext.Current.CancellationToken);
        await ServeAsync(other);
        var socket = await ServeAsync(vm);
        await vm.WriteAsync("a", 0, 0x11, Mib);
        var before = await vm.StateAsync();

        var unnamed = await CommandOf.RunAsync(vm, "start");
        unnamed.ExitCode.Should().Be(4);
        unnamed.Stderr.Should().Contain("--nbd").And.NotContain("nbd-server-stop");
        var wrong = await CommandOf.RunAsync(vm, "start", "--nbd", "unix:" + other.Directory.File("served"));
        wrong.ExitCode.Should().Be(4, wrong.Stderr);
        wrong.Stderr.Should().Contain("cannot be read");
        (await vm.StateAsync()).Should().BeEquivalentTo(before);

        var run = await CommandOf.RunAsync(vm, "run", "--repo", vm.Directory.File("repo"), "--nbd", "unix:" + socket);
        run.ExitCode.Should().Be(0, run.Stderr);
        (await CommandOf.RunAsync(vm, "start", "--nbd", "unix:" + socket)).ExitCode.Should().Be(0);
        (await CommandOf.RunAsync(vm, "abort")).ExitCode.Should().Be(0);
        (await NbdTools.ReadAsync($"nbd+unix:///mine?socket={socket}", vm.Directory)).Should().Equal(vm.Snapshot("a"));
        vm.ShouldHaveNoScratch();
    }

    private static async Task<string> ServeAsync(QemuVm vm)
    {
        var socket = vm.Directory.File("served");
        await vm.Monitor.ExecuteAsync("nbd-server-start", $$"""{"addr":{"type":"unix","data":{"path":"{{socket}}"} } }""");
        await vm.Monitor.ExecuteAsync("block-export-add", """{"type":"nbd","id":"mine","node-name":"a","name":"mine"}""");
        return socket;
    }
}
