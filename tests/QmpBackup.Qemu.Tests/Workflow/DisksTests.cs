using QmpBackup.Nbd;
using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Workflow.WorkflowOf;

namespace QmpBackup.Qemu.Tests.Workflow;

/// <summary>Disks of every kind, all in one point.</summary>
public sealed class DisksTests
{
    private const int Mib = 1 << 20;

    public static TheoryData<string, string, bool, string> Kinds => new()
    {
        { "qcow2 with a node name", nameof(DiskFormat.Qcow2), false, "disk" },
        { "raw with a node name", nameof(DiskFormat.Raw), false, "disk" },
        { "qcow2 without a node name", nameof(DiskFormat.Qcow2), true, "vd-disk" },
        { "raw without a node name", nameof(DiskFormat.Raw), true, "vd-disk" },
    };

    private static async Task RoundTripAsync(QemuVm vm, string disk, string name, string firstReason)
    {
        var size = vm.Disk(disk).Size;
        await vm.WriteAsync(disk, 0, 0x11, Math.Min(size / 512 * 512, Mib));
        var full = await StartAsync(vm);
        full.Disk(name).Reason.Should().Contain(firstReason);
        var point = vm.Snapshot(disk);
        await vm.WriteAsync(disk, 0, 0x22, 512);
        await full.Disk(name).ShouldReadAsync(point, vm);
        await FinishAsync(vm);
        await vm.WriteAsync(disk, (size / 512 - 1) * 512, 0x33, 512);
        var increment = await StartAsync(vm);
        var now = vm.Snapshot(disk);
        await vm.WriteAsync(disk, 0, 0x44, 512);
        increment.Disk(name).Level.Should().Be(BackupLevel.Incremental);
        await increment.Disk(name).ShouldMakeOfAsync(point, now, vm);
        await FinishAsync(vm);
        vm.ShouldHaveNoScratch();
    }

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Kinds))]
    public async Task A_disk_has_a_stable_name(string because, string format, bool legacy, string name)
    {
        because.Should().NotBeEmpty();
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("disk") { Format = Enum.Parse<DiskFormat>(format), Legacy = legacy }] });
        await RoundTripAsync(vm, "disk", name, format == nameof(DiskFormat.Raw) ? "memory" : "no checkpoint");
    }

    [Fact(Timeout = 60_000)]
    public async Task A_drive_whose_device_has_no_id_is_named_by_the_id_of_the_drive()
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("disk") { Legacy = true, HasDeviceId = false }] });
        var session = await StartAsync(vm);
        session.Disks.Single().Name.Should().Be("drv-disk");
        await AbortAsync(vm);
    }

    [Theory(Timeout = 60_000)]
    [InlineData(nameof(DiskFormat.Raw), Mib + 512)]
    [InlineData(nameof(DiskFormat.Raw), 4608)]
    [InlineData(nameof(DiskFormat.Qcow2), Mib + 512)]
    [InlineData(nameof(DiskFormat.Qcow2), (3 * Mib) - 65536 + 1024)]
    public async Task A_disk_of_an_odd_size_is_read_to_its_last_sector(string format, long size)
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("disk") { Format = Enum.Parse<DiskFormat>(format), Size = size }] });
        await RoundTripAsync(vm, "disk", "disk", "no checkpoint");
    }

    [Fact(Timeout = 60_000)]
    public async Task A_qcow2_image_of_version_2_keeps_its_bitmap_in_memory()
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("disk") { Format = DiskFormat.Qcow2V2 }] });
        await RoundTripAsync(vm, "disk", "disk", "version 2");
    }

    [Fact(Timeout = 60_000)]
    public async Task Filters_above_the_disk_are_not_part_of_the_backup()
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("disk") { ThrottleFilter = true }] });
        await RoundTripAsync(vm, "disk", "disk", "no checkpoint");
        (await vm.StateAsync()).Bitmaps.Should().ContainSingle().Which.Should().Contain("persistent");
    }

    [Fact(Timeout = 60_000)]
    public async Task A_read_only_disk_is_left_out_and_is_refused_when_it_is_named()
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a"), new TestDisk("ro") { ReadOnly = true }] });
        (await StartAsync(vm)).Disks.Select(d => d.Name).Should().Equal("a");
        await AbortAsync(vm);
        var start = () => StartAsync(vm, r => r with { Disks = ["ro"] });
        (await start.Should().ThrowAsync<BackupException>()).Which.Code.Should().Be(BackupErrorCode.InvalidArgument);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_checkpoint_on_a_raw_disk_is_lost_when_QEMU_ends_and_the_next_backup_says_why_it_is_full()
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("disk") { Format = DiskFormat.Raw }] });
        await FullAsync(vm);
        await vm.QuitAsync();
        await vm.RestartAsync();
        var session = await StartAsync(vm);
        session.Disk("disk").Level.Should().Be(BackupLevel.Full);
        session.Disk("disk").Reason.Should().Contain("no checkpoint").And.Contain("memory");
        await AbortAsync(vm);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_storage_daemon_can_be_backed_up_like_a_VM()
    {
        await using var daemon = await StorageDaemon.StartAsync(new StorageDaemonOptions { Disks = [new TestDisk("disk")], GuestExports = false }, TestContext.Current.CancellationToken);
        var first = await FullAsync(daemon);
        var session = await StartAsync(daemon);
        session.Disk("disk").Parent.Should().Be(first);
        await session.Disk("disk").ShouldMakeOfAsync(daemon.Snapshot("disk"), daemon.Snapshot("disk"), daemon);
        (await StatusAsync(daemon)).Session!.Disks.Single().Name.Should().Be("disk");
        await FinishAsync(daemon);
        daemon.ShouldHaveNoScratch();
    }

    [Fact(Timeout = 60_000)]
    public async Task A_file_node_that_a_storage_daemon_exports_is_a_disk()
    {
        await using var daemon = await StorageDaemon.StartAsync(new StorageDaemonOptions { Disks = [new TestDisk("disk")], GuestExports = false }, TestContext.Current.CancellationToken);
        var image = daemon.Directory.File("bare.img");
        await File.WriteAllBytesAsync(image, new byte[Mib], TestContext.Current.CancellationToken);
        await daemon.Monitor.ExecuteAsync("blockdev-add", $$"""{"driver":"file","node-name":"bare","filename":"{{image}}"}""");
        await using (var workflow = await ConnectAsync(daemon))
            (await workflow.ObserveAsync()).Disks.Select(d => d.Name).Should().Equal("disk");
        await daemon.Monitor.ExecuteAsync("block-export-add",
            $$"""{"type":"vhost-user-blk","id":"guest","node-name":"bare","writable":true,"addr":{"type":"unix","path":"{{daemon.Directory.File("vhost")}}"} }""");

        var session = await StartAsync(daemon);
        await session.Disk("bare").ShouldReadAsync(new byte[Mib], daemon);
        await FinishAsync(daemon);
        (await StartAsync(daemon)).Disk("bare").Level.Should().Be(BackupLevel.Incremental);
        await AbortAsync(daemon);
    }

    [Fact(Timeout = 60_000)]
    public async Task Over_TCP_a_backup_works_and_the_scratch_is_emptied()
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("disk")], TcpMonitor = true });
        await using var workflow = await ConnectAsync($"tcp:127.0.0.1:{vm.TcpPort}");
        await vm.WriteAsync("disk", 0, 0x11, Mib);
        var before = await vm.StateAsync();
        var session = await workflow.StartAsync(Request(vm));
        var point = vm.Snapshot("disk");
        await vm.WriteAsync("disk", 0, 0x22, Mib);
        await session.Disk("disk").ShouldReadAsync(point, vm);
        await workflow.AbortAsync();
        (await vm.StateAsync()).Should().BeEquivalentTo(before);
        // Nothing is removed on this host: it need not be QEMU's.
        ShouldBeEmpty(vm, 1);

        await workflow.StartAsync(Request(vm) with { Nbd = NbdEndpoint.Tcp("127.0.0.1", FreePort()) });
        var status = await workflow.GetStatusAsync();
        (await NbdTools.ReadAsync($"{status.Session!.Disks[0].Uri}", vm.Directory)).Should().Equal(vm.Snapshot("disk"));
        await workflow.FinishAsync();
        ShouldBeEmpty(vm, 2);
    }

    private static void ShouldBeEmpty(QemuVm vm, int files) =>
        Directory.EnumerateFileSystemEntries(vm.Directory.Path, "qbackup-*").Select(f => new FileInfo(f).Length).Should().Equal(Enumerable.Repeat(0L, files));

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }
}
