using QmpBackup.Planning;
using static QmpBackup.Tests.Given;

namespace QmpBackup.Tests.Planning;

/// <summary>Twins are two bitmaps that record the same. They are used only where they are equal.</summary>
public sealed class TwinTests
{
    private static readonly string Open = Name(9, after: 1, open: true);

    public static TheoryData<string, DirtyBitmap> Contradictions => new()
    {
        { "it counts less", Recording(Twin(Name(1)), 0) },
        { "it counts more", Recording(Twin(Name(1)), 2 * 65536) },
        { "it does not record", Closed(Twin(Name(1))) },
        { "it is damaged", Inconsistent(Twin(Name(1))) },
        { "it has another granularity", Recording(Twin(Name(1))) with { Granularity = 4096 } },
    };

    [Theory]
    [MemberData(nameof(Contradictions))]
    public void A_disk_is_full_if_its_bitmap_and_the_twin_differ(string how, DirtyBitmap twin)
    {
        var vm = Vm(Disk("a", Recording(Name(1)), twin));
        LevelPlanner.Choose(vm, vm.Disks[0], Request()).Should().Match<DiskChoice>(c => c.Level == BackupLevel.Full && c.Reason.Contains("its twin differ") && c.Old == null, how);
        foreach (var request in new[] { Request() with { Level = LevelChoice.Incremental }, Request() with { Since = Checkpoint(1) } })
        {
            var choose = () => LevelPlanner.Choose(vm, vm.Disks[0], request);
            choose.Should().Throw<BackupException>().Which.Should().Match<BackupException>(e => e.Code == BackupErrorCode.IncrementalNotSound && e.Message.Contains("its twin differ"));
        }
    }

    [Fact]
    public void A_disk_is_incremental_if_the_twins_are_equal_or_there_is_no_twin()
    {
        foreach (var bitmaps in new DirtyBitmap[][] { [Recording(Name(1)), Recording(Twin(Name(1)))], [Recording(Name(1))] })
        {
            var vm = Vm(Disk("a", bitmaps));
            LevelPlanner.Choose(vm, vm.Disks[0], Request()).Should().Match<DiskChoice>(c => c.Level == BackupLevel.Incremental && c.Changed.Single() == Name(1));
        }
    }

    // Writes between the two adds are merged into the twin while the job holds the disk still.
    [Fact]
    public void Start_lets_both_twins_record_from_the_same_moment()
    {
        var plan = StartPlanner.Plan(Vm(Disk("a", Recording(Name(1)), Recording(Twin(Name(1))))), Request());
        var commit = plan.Steps.Single(s => s.IsCommitPoint);
        new[] { commit }.AllCommands().Should().Equal(
            $"block-dirty-bitmap-add a/{Open}", $"block-dirty-bitmap-add a/{Twin(Open)}", "blockdev-backup a/qb-000009-0-overlay",
            $"block-dirty-bitmap-merge a/{Twin(Open)} <- [\"{Open}\"]", $"block-dirty-bitmap-disable a/{Name(1)}");
        commit.Undo.AllCommands().TakeLast(2).Should().Equal($"block-dirty-bitmap-remove a/{Open}", $"block-dirty-bitmap-remove a/{Twin(Open)}");
    }

    private static VmState AboutToFinish(long twin)
    {
        var state = Vm(Disk("a", Recording(Name(1))));
        return Opened(state, StartPlanner.Plan(state, Request())).With(
            Closed(Name(1)), Recording(Twin(Name(1)), twin * 65536), Recording(Open), Recording(Twin(Open)), Recording(Twin(Name(7))));
    }

    [Fact]
    public void Finish_renames_both_twins_and_removes_all_others() =>
        FinishPlanner.Plan(AboutToFinish(2), keepBitmap: false).Steps.AllCommands().Where(c => c.Contains(".twin.")).Should().Equal(
            $"block-dirty-bitmap-add a/{Twin(Name(9))}", $"block-dirty-bitmap-merge a/{Twin(Name(9))} <- [\"{Twin(Open)}\"]",
            $"block-dirty-bitmap-remove a/{Twin(Name(1))}", $"block-dirty-bitmap-remove a/{Twin(Open)}", $"block-dirty-bitmap-remove a/{Twin(Name(7))}");

    // The old twin kept recording while the backup was open.
    [Fact]
    public void The_twin_of_a_kept_bitmap_is_kept_too() =>
        FinishPlanner.Plan(AboutToFinish(2), keepBitmap: true).Steps.AllCommands().Where(c => c.Contains(".twin.")).Should().Equal(
            $"block-dirty-bitmap-add a/{Twin(Name(9, after: 1))}", $"block-dirty-bitmap-merge a/{Twin(Name(9, after: 1))} <- [\"{Twin(Open)}\"]",
            $"block-dirty-bitmap-disable a/{Twin(Name(1))}", $"block-dirty-bitmap-clear a/{Twin(Name(1))}", $"block-dirty-bitmap-merge a/{Twin(Name(1))} <- [\"{Name(1)}\"]",
            $"block-dirty-bitmap-remove a/{Twin(Open)}", $"block-dirty-bitmap-remove a/{Twin(Name(7))}");

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void A_bitmap_that_differs_from_its_twin_is_not_kept(int twin) =>
        FinishPlanner.Plan(AboutToFinish(twin), keepBitmap: true).Steps.AllCommands().Should()
            .Contain($"block-dirty-bitmap-add a/{Name(9)}").And.Contain($"block-dirty-bitmap-remove a/{Name(1)}").And.Contain($"block-dirty-bitmap-remove a/{Twin(Name(1))}");

    [Fact]
    public void A_bitmap_of_a_kept_sequence_that_differs_from_its_twin_is_not_used()
    {
        DirtyBitmap[] Sequence(int twin) =>
            [Closed(Name(1)), Closed(Twin(Name(1))) with { Count = twin * 65536 }, Recording(Name(2, after: 1)), Recording(Twin(Name(2, after: 1)))];

        var sound = Vm(Disk("a", Sequence(1)));
        LevelPlanner.Choose(sound, sound.Disks[0], Request() with { Since = Checkpoint(1) }).Changed.Should().Equal(Name(1), Name(2, after: 1));
        StatusReader.Read(sound).Remarks.Should().BeEmpty();
        foreach (var twin in new[] { 0, 2 })
        {
            var vm = Vm(Disk("a", Sequence(twin)));
            var choose = () => LevelPlanner.Choose(vm, vm.Disks[0], Request() with { Since = Checkpoint(1) });
            choose.Should().Throw<BackupException>().Which.Message.Should().Contain(Name(1)).And.Contain("its twin differ");
            LevelPlanner.Choose(vm, vm.Disks[0], Request()).Changed.Should().Equal([Name(2, after: 1)], "the newest one is right");
            StatusReader.Read(vm).Remarks.Should().ContainSingle().Which.ToString().Should().Contain("An increment of the disk since checkpoint");
        }
    }

    // It was closed when the newest began: it and its twin miss what was written until another program enabled it.
    [Fact]
    public void An_older_bitmap_of_a_sequence_does_not_replace_the_newest_when_it_is_enabled()
    {
        DirtyBitmap[][] older = [[Recording(Name(1))], [Recording(Name(1)), Recording(Twin(Name(1)))]];
        DirtyBitmap[][] newest = [[Recording(Name(2, after: 1)), Recording(Twin(Name(2, after: 1)), 0)], [Inconsistent(Name(2, after: 1))], [Closed(Name(2, after: 1))]];
        foreach (var bitmaps in older.SelectMany(o => newest.Select(n => o.Concat(n).ToArray())))
        {
            var vm = Vm(Disk("a", bitmaps));
            LevelPlanner.Choose(vm, vm.Disks[0], Request()).Level.Should().Be(BackupLevel.Full);
            var since = () => LevelPlanner.Choose(vm, vm.Disks[0], Request() with { Since = Checkpoint(1) });
            since.Should().Throw<BackupException>().Which.Code.Should().Be(BackupErrorCode.IncrementalNotSound);
        }
    }

    // Both twins get the bits, so that they stay equal.
    [Fact]
    public void A_bitmap_that_leaves_a_kept_sequence_is_merged_into_both_twins()
    {
        var open = Name(9, after: 2, open: true);
        DirtyBitmap[] first = [Closed(Name(1)), Closed(Twin(Name(1)))];
        var state = Vm(Disk("a", [.. first, Recording(Name(2, after: 1)), Recording(Twin(Name(2, after: 1)))]));
        var vm = Opened(state, StartPlanner.Plan(state, Request())).With([.. first, Closed(Name(2, after: 1)), Recording(Twin(Name(2, after: 1)), 2 * 65536), Recording(open), Recording(Twin(open))]);
        FinishPlanner.Plan(vm, keepBitmap: false).Steps.AllCommands().Where(c => c.Contains($"a/{Name(1)}") || c.Contains($"a/{Twin(Name(1))}")).Should().Equal(
            $"block-dirty-bitmap-merge a/{Name(1)} <- [\"{Name(2, after: 1)}\"]", $"block-dirty-bitmap-merge a/{Twin(Name(1))} <- [\"{Name(2, after: 1)}\"]");
    }

    [Fact]
    public void Abort_removes_the_new_twin_and_keeps_the_old_one_which_recorded_throughout()
    {
        var state = Vm(Disk("a", Recording(Name(1))));
        var vm = Opened(state, StartPlanner.Plan(state, Request())).With(Closed(Name(1)), Recording(Twin(Name(1)), 5 * 65536), Recording(Open), Recording(Twin(Open)));
        AbortPlanner.Plan(vm).Steps.AllCommands().Where(c => c.Contains(".twin.")).Should().Equal($"block-dirty-bitmap-remove a/{Twin(Open)}");
    }

    [Fact]
    public void A_backup_whose_bitmap_was_cleared_cannot_be_finished_and_the_next_is_full()
    {
        var state = Vm(Disk("a", Recording(Name(1))));
        var vm = Opened(state, StartPlanner.Plan(state, Request())).With(Closed(Name(1)), Recording(Twin(Name(1)), 3 * 65536), Recording(Open, 65536), Recording(Twin(Open), 2 * 65536));
        var finish = () => FinishPlanner.Plan(vm, keepBitmap: false);
        finish.Should().Throw<BackupException>().Which.Message.Should().Contain("cleared");
        AbortPlanner.Plan(vm).Steps.AllCommands().Where(c => c.Contains("bitmap")).Should().Equal($"block-dirty-bitmap-remove a/{Open}", $"block-dirty-bitmap-remove a/{Twin(Open)}");
    }

    [Fact]
    public void Status_reports_that_the_twins_differ()
    {
        StatusReader.Read(Vm(Disk("a", Recording(Name(1)), Recording(Twin(Name(1)), 0)))).Remarks.Should().ContainSingle().Which.ToString().Should().Contain(Name(1)).And.Contain("node a");
        StatusReader.Read(Vm(Disk("a", Recording(Name(1)), Recording(Twin(Name(1)))))).Remarks.Should().BeEmpty();
    }

    [Theory]
    [InlineData(3, true)]
    [InlineData(9, false)]
    public void After_an_interrupted_backup_the_old_twin_is_used_if_it_is_plausible(int twin, bool isUsed)
    {
        var vm = Vm(Disk("a", Closed(Name(1)), Recording(Twin(Name(1)), twin * 65536), Recording(Name(2, after: 1, open: true), 2 * 65536), Recording(Twin(Name(2, after: 1, open: true)), 2 * 65536)));
        StartPlanner.Plan(vm, Request()).Disks.Single().Level.Should().Be(isUsed ? BackupLevel.Incremental : BackupLevel.Full);
    }
}
