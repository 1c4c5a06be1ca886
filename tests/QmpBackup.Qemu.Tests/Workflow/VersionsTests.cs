using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Workflow.WorkflowOf;

namespace QmpBackup.Qemu.Tests.Workflow;

/// <summary>Backups on other QEMU versions than the host's.</summary>
public sealed class VersionsTests
{
    private const int Mib = 1 << 20;

    private static Task<QemuVm> VmAsync(string version, bool ioThread = false)
    {
        Assert.SkipUnless(QemuBinaries.TryGet(version) is not null, QemuBinaries.Missing(version));
        return QemuVm.StartAsync(new QemuVmOptions
        {
            Binaries = QemuBinaries.TryGet(version),
            Disks = [new TestDisk("a") { IoThread = ioThread }, new TestDisk("b") { Legacy = true, IoThread = ioThread }, new TestDisk("c") { Format = DiskFormat.Raw }],
        });
    }

    [Theory(Timeout = 120_000)]
    [InlineData("10.0", null, false, Fleecing.Overlay)]
    [InlineData("10.0", null, true, Fleecing.Overlay)]
    [InlineData("10.0", Fleecing.SnapshotAccess, false, Fleecing.SnapshotAccess)]
    [InlineData("10.0", Fleecing.SnapshotAccess, true, Fleecing.SnapshotAccess)]
    [InlineData("11.1", null, false, Fleecing.SnapshotAccess)]
    [InlineData("11.1", null, true, Fleecing.SnapshotAccess)]
    [InlineData("11.1", Fleecing.Overlay, true, Fleecing.Overlay)]
    public async Task Full_increment_and_sequence_equal_the_points_in_time(string version, Fleecing? wanted, bool ioThread, Fleecing expected)
    {
        await using var vm = await VmAsync(version, ioThread);
        string[] disks = ["a", "b", "c"];
        foreach (var disk in disks)
            await vm.WriteAsync(disk, 0, 0x11, 2 * Mib);
        var before = await vm.StateAsync();
        var full = await StartAsync(vm, r => r with { Fleecing = wanted });
        full.Fleecing.Should().Be(expected);
        var point = disks.ToDictionary(d => d, vm.Snapshot);
        foreach (var disk in disks)
        {
            await vm.WriteZeroesAsync(disk, Mib, Mib / 2);
            await vm.WriteAsync(disk, 0, 0x22, Mib / 2);
            await full.Disk(NameOf(disk)).ShouldReadAsync(point[disk], vm);
        }

        await FinishAsync(vm, keepBitmap: true);
        var first = full.Checkpoint;
        await StartAsync(vm, r => r with { Fleecing = wanted });
        await FinishAsync(vm, keepBitmap: true);

        foreach (var disk in disks)
            await vm.WriteAsync(disk, 8 * Mib, 0x33, 4096);
        var since = await StartAsync(vm, r => r with { Fleecing = wanted, Since = first });
        var now = disks.ToDictionary(d => d, vm.Snapshot);
        foreach (var disk in disks)
        {
            await vm.WriteAsync(disk, 0, 0x44, 4 * Mib);
            await since.Disk(NameOf(disk)).ShouldMakeOfAsync(point[disk], now[disk], vm);
        }

        await FinishAsync(vm);
        var after = await vm.StateAsync();
        after.Should().BeEquivalentTo(before with { Bitmaps = after.Bitmaps, Twins = after.Twins });
        vm.ShouldHaveNoScratch();

        static string NameOf(string disk) => disk == "b" ? "vd-b" : disk;
    }

    [Theory(Timeout = 120_000)]
    [InlineData("10.0")]
    [InlineData("11.1")]
    public async Task Abort_is_exact(string version)
    {
        await using var vm = await VmAsync(version, ioThread: true);
        await FullAsync(vm);
        await vm.WriteAsync("a", 0, 0x11, Mib);
        var before = await vm.StateAsync();
        await StartAsync(vm);
        await AbortAsync(vm);
        (await vm.StateAsync()).Should().BeEquivalentTo(before);
        vm.ShouldHaveNoScratch();
    }

    [Fact(Timeout = 60_000)]
    public async Task A_disk_on_an_iothread_is_refused_if_this_QEMU_would_abort()
    {
        var host = QemuBinaries.Host;
        Assert.SkipUnless(host.Version is { Major: 7, Minor: 2, Build: >= 14 }, "version-suite: this host's QEMU does not have that bug");
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a"), new TestDisk("b") { IoThread = true }] });
        var before = await vm.StateAsync();
        var start = () => StartAsync(vm);
        (await start.Should().ThrowAsync<BackupException>()).Which.Message.Should().Contain("disk b is on an iothread");
        (await vm.StateAsync()).Should().BeEquivalentTo(before);
        (await StartAsync(vm, r => r with { Exclude = ["b"] })).Disks.Select(d => d.Name).Should().Equal("a");
        await AbortAsync(vm);
    }
}
