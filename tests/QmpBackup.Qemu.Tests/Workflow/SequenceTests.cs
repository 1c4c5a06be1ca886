using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Workflow.WorkflowOf;

namespace QmpBackup.Qemu.Tests.Workflow;

/// <summary>Kept bitmaps form a sequence. A later backup can export a merge of it.</summary>
public sealed class SequenceTests
{
    private const int Mib = 1 << 20;

    private static async Task<(QemuVm Vm, List<CheckpointId> Checkpoints, List<byte[]> Points)> KeptAsync(params bool[] keep)
    {
        var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] }, TestContext.Current.CancellationToken);
        var (checkpoints, points) = (new List<CheckpointId>(), new List<byte[]>());
        for (var i = 0; i < keep.Length; i++)
        {
            await vm.WriteAsync("a", i * Mib, (byte)(i + 1), Mib / 2);
            checkpoints.Add((await StartAsync(vm)).Checkpoint!.Value);
            points.Add(vm.Snapshot("a"));
            await FinishAsync(vm, keep[i]);
        }

        await vm.WriteAsync("a", keep.Length * Mib, 0x77, Mib / 2);
        return (vm, checkpoints, points);
    }

    [Fact(Timeout = 90_000)]
    public async Task Since_exports_everything_that_changed_after_an_older_checkpoint()
    {
        var (vm, checkpoints, points) = await KeptAsync(false, true, true);
        await using var _ = vm;
        (await StatusAsync(vm)).Chains.Single().Checkpoints.Should().BeEquivalentTo(
            checkpoints.Select((id, i) => new CheckpointStatus(id, ["a"], i == 2 ? CheckpointState.Recording : CheckpointState.Disabled)));

        for (var i = 0; i < 3; i++)
        {
            var session = await StartAsync(vm, r => r with { Since = checkpoints[i] });
            var disk = session.Disk("a");
            disk.Parent.Should().Be(checkpoints[i]);
            disk.DirtyBytes.Should().Be((3 - i) * Mib / 2);
            var now = vm.Snapshot("a");
            // Within blocks that are dirty anyway, so that the counts of the next round are the same.
            await vm.WriteAsync("a", 3 * Mib, (byte)(0x80 + i), 4096);
            await disk.ShouldMakeOfAsync(points[i], now, vm);
            await AbortAsync(vm);
        }

        (await vm.StateAsync()).Bitmaps.Should().HaveCount(3);
    }

    [Fact(Timeout = 90_000)]
    public async Task Dropping_a_checkpoint_of_a_kept_sequence_merges_its_bits_into_the_one_before()
    {
        var (vm, checkpoints, points) = await KeptAsync(false, true, false);
        await using var _ = vm;
        (await StatusAsync(vm)).Chains.Single().Checkpoints.Select(c => c.Id).Should().Equal(checkpoints[0], checkpoints[2]);
        var session = await StartAsync(vm, r => r with { Since = checkpoints[0] });
        session.Disk("a").DirtyBytes.Should().Be(3 * Mib / 2);
        await session.Disk("a").ShouldMakeOfAsync(points[0], vm.Snapshot("a"), vm);
        await FinishAsync(vm);
    }

    [Fact(Timeout = 90_000)]
    public async Task A_sequence_survives_a_clean_restart_of_QEMU()
    {
        var (vm, checkpoints, points) = await KeptAsync(false, true);
        await using var _ = vm;
        await vm.QuitAsync();
        await vm.RestartAsync();
        var session = await StartAsync(vm, r => r with { Since = checkpoints[0] });
        await session.Disk("a").ShouldMakeOfAsync(points[0], vm.Snapshot("a"), vm);
        await AbortAsync(vm);
    }

    [Fact(Timeout = 90_000)]
    public async Task A_missing_bitmap_in_a_kept_sequence_is_detected_and_refused()
    {
        var (vm, checkpoints, _) = await KeptAsync(false, true, true);
        await using var __ = vm;
        var middle = (await vm.StateAsync()).Bitmaps.Single(line => line.StartsWith("a/qbackup.default." + checkpoints[1], StringComparison.Ordinal)).Split(' ')[0]["a/".Length..];
        await vm.Monitor.ExecuteAsync("block-dirty-bitmap-remove", $$"""{"node":"a","name":"{{middle}}"}""");
        var start = () => StartAsync(vm, r => r with { Since = checkpoints[0] });
        (await start.Should().ThrowAsync<BackupException>()).Which.Code.Should().Be(BackupErrorCode.IncrementalNotSound);
        var disk = (await StartAsync(vm)).Disk("a");
        // Two checkpoints of the same second cannot be ordered when the one between them is gone. Then the disk is read in full.
        var haveSameSecond = checkpoints[0].Time == checkpoints[2].Time;
        disk.Parent.Should().BeOneOf([checkpoints[2], haveSameSecond ? null : checkpoints[2]], disk.Reason);
        await AbortAsync(vm);
    }

    [Fact(Timeout = 90_000)]
    public async Task After_a_finish_that_keeps_no_bitmap_one_bitmap_records()
    {
        var (vm, checkpoints, _) = await KeptAsync(false, false, false);
        await using var __ = vm;
        (await vm.StateAsync()).Bitmaps.Should().ContainSingle().Which.Should().Contain(checkpoints[2].Value).And.Contain("recording");
    }
}
