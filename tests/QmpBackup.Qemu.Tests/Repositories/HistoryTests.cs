using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Repositories.RepositoryLab;

namespace QmpBackup.Qemu.Tests.Repositories;

/// <summary>What is restored equals what was there: run, restore and qemu-img against plain bytes.</summary>
public sealed class HistoryTests
{
    [Fact(Timeout = 60_000)]
    public async Task Full_and_increment_are_restored_exactly()
    {
        await using var lab = await RepositoryLab.StartAsync();
        await lab.Vm.WriteAsync("a", 0, 0x11, 3 * Mib);
        var full = (await lab.RunAsync()).Pulled.Point;
        await lab.Vm.WriteAsync("a", Mib, 0x22, 100_352);
        await lab.Vm.WriteZeroesAsync("a", 2 * Mib, Mib / 2);
        var increment = (await lab.RunAsync()).Pulled.Point;

        full.Disks.Single().Level.Should().Be(BackupLevel.Full);
        full.Parent.Should().BeNull();
        increment.Disks.Single().Should().Match<PointDisk>(
            d => d.Level == BackupLevel.Incremental && d.Parent == full.Id && d.BytesRead == 2 * 65536 && d.BytesZero == Mib / 2);
        increment.Parent.Should().Be(full.Id);
        await lab.ShouldAllBeRightAsync();
        (await lab.RestoreAsync("latest", "a", ImageFormat.Qcow2)).AsSpan().SequenceEqual(lab.Vm.Snapshot("a")).Should().BeTrue();
    }

    [Fact(Timeout = 60_000)]
    public async Task Zeroed_and_discarded_blocks_take_no_space_in_an_increment()
    {
        await using var lab = await RepositoryLab.StartAsync(null, new TestDisk("a") { Size = 48 * Mib });
        await lab.Vm.WriteAsync("a", 0, 0x5a, 48 * Mib);
        await lab.RunAsync();
        await lab.Vm.WriteZeroesAsync("a", 8 * Mib, 8 * Mib);
        await lab.Vm.DiscardAsync("a", 24 * Mib, 8 * Mib);
        var point = (await lab.RunAsync()).Pulled.Point;

        point.Disks.Single().Should()
            .Match<PointDisk>(d => d.Level == BackupLevel.Incremental && d.BytesZero == 16 * Mib && d.BytesWritten == 0);
        Directory.EnumerateFiles(lab.Chain.Folder, point.Id + ".*", SearchOption.AllDirectories).Sum(f => new FileInfo(f).Length).Should()
            .BeLessThan(2 * Mib);
        await lab.ShouldAllBeRightAsync();
    }

    [Fact(Timeout = 60_000)]
    public async Task Compressed_points_of_a_disk_that_ends_within_a_block_are_restored_exactly()
    {
        await using var lab = await RepositoryLab.StartAsync(null, new TestDisk("a") { Size = Mib + 512 }, new TestDisk("b") { Size = 2048 });
        lab.Options = lab.Options with { Compress = true };
        await lab.Vm.WriteAsync("a", 0, 0x11, Mib + 512);
        await lab.Vm.WriteAsync("b", 1024, 0x12, 512);
        await lab.RunAsync();
        await lab.Vm.WriteAsync("a", Mib, 0x22, 512);
        await lab.Vm.WriteZeroesAsync("b", 0, 2048);
        await lab.RunAsync();
        await lab.Vm.WriteZeroesAsync("a", Mib - 512, 1024);
        var point = (await lab.RunAsync()).Pulled.Point;

        point.Disks.Should().OnlyContain(d => d.Level == BackupLevel.Incremental);
        await lab.ShouldAllBeRightAsync();
    }

    [Fact(Timeout = 60_000)]
    public async Task Compressed_points_are_restored_exactly()
    {
        await using var lab = await RepositoryLab.StartAsync();
        lab.Options = lab.Options with { Compress = true };
        await lab.Vm.WriteAsync("a", 0, 0x11, 3 * Mib);
        var full = (await lab.RunAsync()).Pulled.Point;
        await lab.Vm.WriteAsync("a", Mib, 0x22, Mib);
        await lab.Vm.WriteZeroesAsync("a", 0, Mib / 2);
        await lab.RunAsync();
        full.Disks.Single().FileSize.Should().BeLessThan(Mib);
        await lab.ShouldAllBeRightAsync();
    }

    [Theory(Timeout = 120_000)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Random_histories_are_restored_exactly(int seed)
    {
        var random = new Random(seed);
        await using var lab = await RepositoryLab.StartAsync(
            null, new TestDisk("a") { Size = 12 * Mib }, new TestDisk("b") { Size = 5 * Mib + 512 });
        for (var round = 0; round < 7; round++)
        {
            foreach (var disk in new[] { "a", "b" })
            {
                await lab.Vm.WriteAllAsync(
                    disk, [.. Enumerable.Range(0, random.Next(1, 8)).Select(_ => Any(random, lab.Vm.Snapshot(disk).Length))], Token);
            }

            switch (random.Next(6))
            {
                case 0:
                    await Workflow.WorkflowOf.StartAsync(lab.Vm);
                    await lab.Vm.WriteAllAsync("a", [Any(random, 12 * Mib)], Token);
                    await Workflow.WorkflowOf.AbortAsync(lab.Vm);
                    break;
                case 1:
                    await lab.Vm.RestartAsync(Token);
                    break;
                case 2:
                    await Workflow.WorkflowOf.StartAsync(lab.Vm);
                    await lab.Vm.RestartAsync(Token);
                    break;
            }

            await lab.RunAsync();
        }

        lab.Chain.Read().Points.Count(p => p.Parent is not null).Should().BeGreaterThan(3);
        await lab.ShouldAllBeRightAsync();
    }

    internal static GuestWrite Any(Random random, long size)
    {
        var offset = random.NextInt64(size / 512) * 512;
        var length = Math.Min(size - offset, random.Next(1, 1024) * 512L);
        return random.Next(4) switch
        {
            0 => GuestWrite.Zeroes(offset, length, random.Next(2) == 0),
            1 when offset / 65536 * 65536 + 65536 <= size => GuestWrite.Discard(offset / 65536 * 65536, 65536),
            _ => GuestWrite.Data(offset, length, (byte)random.Next(256)),
        };
    }
}
