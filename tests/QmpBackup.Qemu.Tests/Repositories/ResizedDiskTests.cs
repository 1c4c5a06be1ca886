using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Repositories.RepositoryLab;

namespace QmpBackup.Qemu.Tests.Repositories;

/// <summary>Disks that change their size between two backups.</summary>
public sealed class ResizedDiskTests
{
    private const int Size = 8 * Mib;

    private static async Task ResizeAsync(QemuVm vm, long size) =>
        await vm.Monitor.ExecuteAsync("block_resize", $$"""{"node-name":"a","size":{{size}}}""", Token);

    // A part that is added again reads as zero, with or without a backing image. But a qcow2 image without one shows what is left in the
    // cluster that was cut through.
    private static async Task CutAsync(QemuVm vm, long size, long back)
    {
        await ResizeAsync(vm, size);
        await ResizeAsync(vm, back);
        vm.Forget("a", vm.Disk("a") is { Format: DiskFormat.Qcow2, OnBacking: false } ? (size + 65535) / 65536 * 65536 : size);
    }

    private static async Task<RepositoryLab> LabAsync(DiskFormat format, string? version, bool onBacking = false)
    {
        Assert.SkipUnless(version is null || QemuBinaries.TryGet(version) is not null, QemuBinaries.Missing(version ?? ""));
        var content = new byte[Size];
        Array.Fill(content, (byte)0xba);
        return await RepositoryLab.StartAsync(new QemuVmOptions
        {
            Binaries = version is null ? null : QemuBinaries.TryGet(version),
            Disks = [new TestDisk("a") { Size = Size, Format = format, InitialContent = onBacking ? content : [], OnBacking = onBacking }],
        });
    }

    // A bitmap does not show what was cut off and reads as zeroes since, and a disk of one extent still has one extent.
    [Theory(Timeout = 120_000)]
    [InlineData(DiskFormat.Raw, false, 6 * Mib, null)]
    [InlineData(DiskFormat.Raw, false, 6 * Mib, "11.1")]
    [InlineData(DiskFormat.Raw, false, 6 * Mib + 4096, null)]
    [InlineData(DiskFormat.Raw, false, 6 * Mib + 4096, "11.1")]
    [InlineData(DiskFormat.Qcow2, false, 6 * Mib + 4096, null)]
    [InlineData(DiskFormat.Qcow2, false, 6 * Mib + 4096, "11.1")]
    [InlineData(DiskFormat.Qcow2, true, 6 * Mib, null)]
    [InlineData(DiskFormat.Qcow2, true, 6 * Mib + 4096, null)]
    [InlineData(DiskFormat.Qcow2, true, 6 * Mib + 4096, "11.1")]
    public async Task Part_that_was_cut_off_a_disk_and_added_again_is_empty_in_the_increment(
        DiskFormat format, bool onBacking, int cut, string? version)
    {
        await using var lab = await LabAsync(format, version, onBacking);
        if (!onBacking)
            await lab.Vm.WriteAsync("a", 0, 0x5a, Size);
        await lab.RunAsync();
        await lab.Vm.WriteAsync("a", 7 * Mib, 0x5b, 4096);
        var second = (await lab.RunAsync()).Pulled.Point;
        await CutAsync(lab.Vm, cut, Size);
        var third = (await lab.RunAsync()).Pulled.Point;

        third.Parent.Should().Be(second.Id);
        third.Disks.Single().Should().Match<PointDisk>(d => d.Level == BackupLevel.Incremental && d.BytesRead <= Size - cut + 65536);
        await lab.ShouldAllBeRightAsync();
    }

    [Theory(Timeout = 120_000)]
    [InlineData(DiskFormat.Raw, null)]
    [InlineData(DiskFormat.Raw, "11.1")]
    [InlineData(DiskFormat.Qcow2, null)]
    public async Task Deepest_of_several_cuts_with_writes_in_between_counts(DiskFormat format, string? version)
    {
        await using var lab = await LabAsync(format, version);
        await lab.Vm.WriteAsync("a", 0, 0x5a, Size);
        await lab.RunAsync();
        await CutAsync(lab.Vm, 7 * Mib, Size);
        await lab.Vm.WriteAsync("a", Size - 65536, 0x5a, 65536);
        await CutAsync(lab.Vm, 3 * Mib + 512, Size);
        await lab.Vm.WriteAsync("a", 4 * Mib, 0x5c, Mib);
        await CutAsync(lab.Vm, 6 * Mib, Size);
        // The last blocks have their old content, but it was written again: equal content does not prove that nothing was cut off.
        await lab.Vm.WriteAsync("a", Size - Mib, 0x5a, Mib);
        (await lab.RunAsync()).Pulled.Point.Parent.Should().NotBeNull();
        (await lab.RunAsync()).Pulled.Point.Disks.Single().BytesRead.Should().Be(0);
        await lab.ShouldAllBeRightAsync();
    }

    [Theory(Timeout = 120_000)]
    [InlineData(DiskFormat.Raw, false, 1)]
    [InlineData(DiskFormat.Raw, false, 2)]
    [InlineData(DiskFormat.Qcow2, false, 3)]
    [InlineData(DiskFormat.Qcow2, true, 4)]
    public async Task Random_histories_with_cuts_are_restored_exactly(DiskFormat format, bool onBacking, int seed)
    {
        var random = new Random(seed);
        await using var lab = await LabAsync(format, seed % 2 == 0 && QemuBinaries.TryGet("11.1") is not null ? "11.1" : null, onBacking);
        for (var round = 0; round < 8; round++)
        {
            for (var change = random.Next(5); change >= 0; change--)
            {
                if (random.Next(3) == 0)
                {
                    await CutAsync(lab.Vm, random.Next(1, Size / 512) * 512L, Size);
                }
                else
                {
                    await lab.Vm.WriteAllAsync(
                        "a", [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => HistoryTests.Any(random, Size))], Token);
                }
            }

            await lab.RunAsync();
        }

        lab.Chain.Read().Points.Count(p => p.Parent is not null).Should().Be(7);
        await lab.ShouldAllBeRightAsync();
    }

    [Fact(Timeout = 120_000)]
    public async Task Without_a_cut_an_increment_copies_only_what_changed()
    {
        await using var lab = await LabAsync(DiskFormat.Raw, null);
        await lab.Vm.WriteAsync("a", 0, 0x5a, 5 * Mib);
        await lab.RunAsync();
        await lab.Vm.WriteAsync("a", 5 * Mib - 65536, 0x5b, 65536);
        await lab.Vm.WriteAsync("a", Size - 65536, 0x5b, 65536);
        (await lab.RunAsync()).Pulled.Point.Disks.Single().BytesRead.Should().Be(2 * 65536);
        await lab.ShouldAllBeRightAsync();
    }

    [Fact(Timeout = 120_000)]
    public async Task Resized_disk_is_taken_in_full()
    {
        await using var lab = await StartAsync(null, new TestDisk("a") { Size = 32 * Mib });
        await lab.Vm.WriteAsync("a", 0, 0x5a, 30 * Mib);
        await lab.RunAsync();
        await ResizeAsync(lab.Vm, 48 * Mib);
        var full = (await lab.RunAsync()).Pulled.Point;
        full.Disks.Single().Reason.Should().Contain("bytes and had");
        lab.Expected[(full.Id, "a")] = [.. lab.Vm.Snapshot("a"), .. new byte[16 * Mib]];
        await lab.ShouldAllBeRightAsync();
    }
}
