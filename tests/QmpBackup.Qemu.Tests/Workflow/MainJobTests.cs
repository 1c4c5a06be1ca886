using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Workflow.WorkflowOf;

namespace QmpBackup.Qemu.Tests.Workflow;

/// <summary>Full, increment and finish on a real VM, compared with plain bytes.</summary>
public sealed class MainJobTests
{
    private const int Mib = 1 << 20;

    private static Task<QemuVm> VmAsync() => QemuVm.StartAsync(
        new QemuVmOptions { Disks = [new TestDisk("a") { Size = 16 * Mib }, new TestDisk("b") { Size = 8 * Mib }] }, TestContext.Current.CancellationToken);

    // When a node is removed, QEMU flushes it and its main loop waits: the guest stood still for as long as a slow disk took
    // for what the guest had overwritten.
    [Theory(Timeout = 60_000)]
    [InlineData(null, Fleecing.Overlay)]
    [InlineData("11.1", Fleecing.Overlay)]
    [InlineData("11.1", Fleecing.SnapshotAccess)]
    public async Task A_scratch_image_is_never_flushed(string? version, Fleecing fleecing)
    {
        Assert.SkipUnless(version is null || QemuBinaries.TryGet(version) is not null, QemuBinaries.Missing(version ?? ""));
        var options = new QemuVmOptions { Binaries = version is null ? null : QemuBinaries.TryGet(version), Disks = [new TestDisk("a")] };
        await using var vm = await QemuVm.StartAsync(options, TestContext.Current.CancellationToken);
        var session = await StartAsync(vm, r => r with { Fleecing = fleecing });

        var nodes = (await vm.Monitor.ExecuteAsync("query-named-block-nodes")).EnumerateArray()
            .Where(node => node.GetProperty("file").GetString()!.Contains("qbackup-" + session.Id[^6..], StringComparison.Ordinal))
            .ToDictionary(node => node.GetProperty("drv").GetString()!, node => node.GetProperty("cache").GetProperty("no-flush").GetBoolean());

        nodes.Should().ContainKeys("file", fleecing == Fleecing.Overlay ? "qcow2" : "raw");
        foreach (var driver in new[] { "file", "qcow2", "raw" }.Where(nodes.ContainsKey))
            nodes[driver].Should().BeTrue(driver);
        await AbortAsync(vm);
    }

    [Theory(Timeout = 120_000)]
    [InlineData(Fleecing.Overlay)]
    public async Task A_full_and_an_increment_of_two_disks_equal_the_point_in_time_while_the_guest_keeps_writing(Fleecing fleecing)
    {
        await using var vm = await VmAsync();
        await vm.WriteAsync("a", 0, 0x11, 4 * Mib);
        await vm.WriteAsync("b", Mib, 0x22, Mib);
        var before = await vm.StateAsync();

        var full = await StartAsync(vm, r => r with { Fleecing = fleecing });
        var (a, b) = (vm.Snapshot("a"), vm.Snapshot("b"));
        full.Disks.Should().OnlyContain(d => d.Level == BackupLevel.Full && d.Bitmap == null && d.Parent == null);
        await vm.WriteAsync("a", 2 * Mib, 0x33, 4 * Mib);
        await vm.WriteZeroesAsync("b", Mib, Mib / 2);
        await full.Disk("a").ShouldReadAsync(a, vm);
        await vm.DiscardAsync("a", 0, 64 << 10);
        await full.Disk("b").ShouldReadAsync(b, vm);
        await FinishAsync(vm);

        await vm.WriteAsync("a", 10 * Mib, 0x44, 4096);
        await vm.WriteZeroesAsync("b", 0, 65536, unmap: true);
        var increment = await StartAsync(vm, r => r with { Fleecing = fleecing });
        var (a2, b2) = (vm.Snapshot("a"), vm.Snapshot("b"));
        increment.Disks.Should().OnlyContain(d => d.Level == BackupLevel.Incremental && d.Parent == full.Checkpoint && d.MetaContext == "qemu:dirty-bitmap:" + d.Bitmap);
        increment.Disk("a").DirtyBytes.Should().BeInRange(4 * Mib + 65536, 5 * Mib);
        await vm.WriteAsync("a", 0, 0x55, 12 * Mib);
        await vm.WriteAsync("b", 0, 0x55, 8 * Mib);
        await increment.Disk("a").ShouldMakeOfAsync(a, a2, vm);
        await increment.Disk("b").ShouldMakeOfAsync(b, b2, vm);
        (await NbdTools.DirtyByQemuImgAsync(increment.Nbd!.SocketPath!, increment.Disk("a").Export, increment.Disk("a").Bitmap!))
            .Sum(e => e.Length).Should().Be(increment.Disk("a").DirtyBytes);
        await FinishAsync(vm);

        var after = await vm.StateAsync();
        after.Bitmaps.Should().HaveCount(2).And.OnlyContain(line => line.Contains(increment.Id) && line.Contains("recording") && line.Contains("persistent"));
        after.Should().BeEquivalentTo(before with { Bitmaps = after.Bitmaps, Twins = after.Twins });
        vm.ShouldHaveNoScratch();
    }

    [Fact(Timeout = 60_000)]
    public async Task Only_the_user_of_the_VM_can_enter_the_folder_with_the_NBD_socket_and_the_scratch()
    {
        await using var vm = await VmAsync();
        var session = await StartAsync(vm);
        var socket = session.Nbd!.SocketPath!;
        File.GetUnixFileMode(Path.GetDirectoryName(socket)!).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await AbortAsync(vm);
        vm.ShouldHaveNoScratch();
    }

    [Fact(Timeout = 60_000)]
    public async Task A_copy_does_not_change_any_chain()
    {
        await using var vm = await VmAsync();
        await FullAsync(vm);
        await vm.WriteAsync("a", 0, 0x11, Mib);
        var before = await vm.StateAsync();
        var session = await StartAsync(vm, r => r with { Level = LevelChoice.Copy });
        session.Disks.Should().OnlyContain(d => d.Level == BackupLevel.Copy);
        await session.Disk("a").ShouldReadAsync(vm.Snapshot("a"), vm);
        await FinishAsync(vm);
        (await vm.StateAsync()).Should().BeEquivalentTo(before);
    }

    [Fact(Timeout = 60_000)]
    public async Task Chains_are_independent_of_each_other()
    {
        await using var vm = await VmAsync();
        var first = await FullAsync(vm);
        var a = vm.Snapshot("a");
        await vm.WriteAsync("a", 0, 0x11, Mib);
        (await StartAsync(vm, r => r with { Chain = ChainName.Parse("offsite") })).Disks.Should().OnlyContain(d => d.Level == BackupLevel.Full);
        await FinishAsync(vm);
        await vm.WriteAsync("a", Mib, 0x22, Mib);

        var increment = await StartAsync(vm);
        increment.Disk("a").Parent.Should().Be(first);
        await increment.Disk("a").ShouldMakeOfAsync(a, vm.Snapshot("a"), vm);
        await FinishAsync(vm);
        var chains = (await StatusAsync(vm)).Chains;
        chains.Select(c => c.Name).Should().Equal(ChainName.Default, ChainName.Parse("offsite"));
        chains.Should().OnlyContain(c => c.Checkpoints.Length == 1 && c.Checkpoints[0].State == CheckpointState.Recording);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_disk_that_is_new_to_the_chain_is_full_in_the_same_point_and_the_reason_is_given()
    {
        await using var vm = await VmAsync();
        var first = await StartAsync(vm, r => r with { Disks = ["a"] });
        await FinishAsync(vm);
        var second = await StartAsync(vm);
        second.Disk("a").Parent.Should().Be(first.Checkpoint);
        second.Disk("b").Level.Should().Be(BackupLevel.Full);
        second.Disk("b").Reason.Should().Contain("no checkpoint");
        await AbortAsync(vm);
    }

    [Fact(Timeout = 60_000)]
    public async Task Status_reports_the_same_about_the_open_backup_as_start()
    {
        await using var vm = await VmAsync();
        await FullAsync(vm);
        var session = await StartAsync(vm);
        (await StatusAsync(vm)).Session.Should().BeEquivalentTo(session);
        await AbortAsync(vm);
        (await StatusAsync(vm)).Session.Should().BeNull();
    }

    [Fact(Timeout = 60_000)]
    public async Task Start_runs_exactly_the_planned_steps()
    {
        await using var vm = await VmAsync();
        await using var proxy = QmpProxy.Start(vm);
        await using var workflow = await ConnectAsync(proxy.Endpoint);
        var plan = await workflow.PlanStartAsync(Request(vm), TestContext.Current.CancellationToken);
        var planned = plan.Steps.OfType<CommandStep>().Select(s => s.Request.Command);
        proxy.Reset();
        await workflow.StartPlannedAsync(plan, TestContext.Current.CancellationToken);
        proxy.Commands.Select(c => c.Name).Where(c => !c.StartsWith("query-", StringComparison.Ordinal) && c is not ("qom-list" or "qom-get" or "x-debug-query-block-graph"))
            .Should().Equal(planned);
        await workflow.AbortAsync(TestContext.Current.CancellationToken);
    }
}
