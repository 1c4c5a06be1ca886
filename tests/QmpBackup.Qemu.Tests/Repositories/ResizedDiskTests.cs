using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Repositories.RepositoryLab;

namespace QmpBackup.Qemu.Tests.Repositories;

/// <summary>Disks that change their size between two backups.</summary>
public sealed class ResizedDiskTests
{
    private static async Task ResizeAsync(QemuVm vm, int mebibytes) => await vm.Monitor.ExecuteAsync("block_resize", $$"""{"node-name":"a","size":{{(long)mebibytes * Mib}}}""", Token);

    // A bitmap says nothing of what was cut off and is zeroes since.
    [Theory(Timeout = 120_000)]
    [InlineData(DiskFormat.Raw, null)]
    [InlineData(DiskFormat.Qcow2, null)]
    [InlineData(DiskFormat.Qcow2, "11.1")]
    public async Task What_was_cut_off_a_disk_and_put_back_empty_is_empty_in_the_increment(DiskFormat format, string? version)
    {
        Assert.SkipUnless(version is null || QemuBinaries.TryGet(version) is not null, QemuBinaries.Missing(version ?? ""));
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions
        {
            Binaries = version is null ? null : QemuBinaries.TryGet(version),
            Disks = [new TestDisk("a") { Size = 48 * Mib, Format = format }],
        });
        var lab = new RepositoryLab(vm, vm.Directory.File("repo"));
        // QEMU remembers where one extent of data was; with a second one it looks anew.
        await vm.WriteAsync("a", 0, 0x5a, 4 * Mib);
        await vm.WriteAsync("a", 6 * Mib, 0x5a, 34 * Mib);
        await lab.RunAsync();
        await vm.WriteAsync("a", 8 * Mib, 0x5b, Mib);
        var second = (await lab.RunAsync()).Pulled.Point;

        await ResizeAsync(vm, 16);
        await ResizeAsync(vm, 48);
        await vm.WriteAsync("a", 20 * Mib, 0x5c, 4096);
        var third = (await lab.RunAsync()).Pulled.Point;
        third.Parent.Should().Be(second.Id);
        var expected = vm.Snapshot("a");
        var written = expected.AsSpan(20 * Mib, 4096).ToArray();
        expected.AsSpan(16 * Mib).Clear();
        written.CopyTo(expected, 20 * Mib);
        lab.Expected[(third.Id, "a")] = expected;
        await lab.ShouldAllBeRightAsync();
        third.Disks.Single().BytesWritten.Should().BeLessThan(Mib);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_disk_of_another_size_is_taken_in_full()
    {
        await using var lab = await StartAsync(null, new TestDisk("a") { Size = 32 * Mib });
        await lab.Vm.WriteAsync("a", 0, 0x5a, 30 * Mib);
        await lab.RunAsync();
        await ResizeAsync(lab.Vm, 48);
        var full = (await lab.RunAsync()).Pulled.Point;
        full.Disks.Single().Reason.Should().Contain("bytes and had");
        lab.Expected[(full.Id, "a")] = [.. lab.Vm.Snapshot("a"), .. new byte[16 * Mib]];
        await lab.ShouldAllBeRightAsync();
    }
}
