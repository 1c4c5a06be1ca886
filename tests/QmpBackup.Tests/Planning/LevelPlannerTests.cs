using QmpBackup.Planning;
using static QmpBackup.Tests.Given;

namespace QmpBackup.Tests.Planning;

/// <summary>The decision between full and incremental, as a table.</summary>
public sealed class LevelPlannerTests
{
    public static TheoryData<string, DirtyBitmap[], BackupLevel, int?, string> Automatic => new()
    {
        { "nothing yet", [], BackupLevel.Full, null, "no checkpoint of chain default" },
        { "a bitmap that records", [Recording(Name(1))], BackupLevel.Incremental, 1, "changes since checkpoint" },
        { "a bitmap of another chain", [Recording(Name(1, chain: ChainName.Parse("other")))], BackupLevel.Full, null, "no checkpoint of chain default" },
        { "a bitmap of another program", [Recording("bitmap0")], BackupLevel.Full, null, "no checkpoint of chain default" },
        { "an anonymous bitmap of QEMU", [Recording("x") with { Name = null }], BackupLevel.Full, null, "no checkpoint of chain default" },
        { "an inconsistent bitmap", [Inconsistent(Name(1))], BackupLevel.Full, null, "inconsistent" },
        { "a bitmap that was disabled by hand", [Closed(Name(1))], BackupLevel.Full, null, "not recording" },
        { "a kept one and one that records", [Closed(Name(1)), Recording(Name(2, after: 1))], BackupLevel.Incremental, 2, "changes since" },
        { "the order in QEMU does not matter", [Recording(Name(2, after: 1)), Closed(Name(1))], BackupLevel.Incremental, 2, "changes since" },
        { "the image belonged to another disk", [Recording(Name(1, disk: "b"))], BackupLevel.Full, null, "had another name" },
        { "a name without a disk", [Recording($"qbackup.default.{Checkpoint(1)}")], BackupLevel.Full, null, "had another name" },
        { "an inconsistent one before one that records", [Inconsistent(Name(1)), Recording(Name(2))], BackupLevel.Incremental, 2, "changes since" },
    };

    [Theory]
    [MemberData(nameof(Automatic))]
    public void Auto_chooses_an_increment_only_on_a_sound_bitmap(
        string because, DirtyBitmap[] bitmaps, BackupLevel level, int? parent, string reason)
    {
        var vm = Vm(Disk("a", bitmaps));
        var choice = LevelPlanner.Choose(vm, vm.Disks[0], Request());
        choice.Level.Should().Be(level, because);
        choice.Parent.Should().Be(parent is { } n ? Checkpoint(n) : null);
        choice.Reason.Should().Contain(reason);
        if (level == BackupLevel.Incremental)
            choice.Changed.Should().Equal(choice.Old!.QemuName);
        else
            choice.Changed.Should().BeEmpty();
    }

    [Fact]
    public void Bitmaps_kept_under_an_earlier_name_or_file_of_the_disk_are_not_parents()
    {
        var vm = Vm(Disk("a", Closed(Name(1)), Recording(Name(2, after: 1, disk: "b"))));
        LevelPlanner.Choose(vm, vm.Disks[0], Request()).Reason.Should().Contain("had another name");

        vm = Vm(Disk("a", Closed(Name(1)), Closed(Name(2, after: 1, disk: "b")), Closed(Name(3, after: 2)), Recording(Name(4, after: 3))));
        LevelPlanner.Choose(vm, vm.Disks[0], Request()).Parent.Should().Be(Checkpoint(4));
        LevelPlanner.Choose(vm, vm.Disks[0], Request() with { Since = Checkpoint(3) }).Changed.Should().Equal(Name(3, after: 2), Name(4, after: 3));
        foreach (var n in new[] { 1, 2 })
        {
            var since = () => LevelPlanner.Choose(vm, vm.Disks[0], Request() with { Since = Checkpoint(n) });
            since.Should().Throw<BackupException>().Where(e => e.Code == BackupErrorCode.IncrementalNotSound && e.Message.Contains("had another name"));
        }
    }

    [Theory]
    [InlineData("/vm/a.snap")]
    [InlineData("/vm/a.qcow2")]
    public void A_bitmap_that_a_snapshot_copied_by_name_is_not_a_parent(string file)
    {
        var below = Disk("a", Recording(Name(1))).Node with { Name = "below", IsReadOnly = true };
        var vm = Vm(Disk("a", Recording(Name(1), 0)) is var top ? top with { BackingNodes = ["below"], Node = top.Node with { FileName = file } } : top);
        vm = vm with { Nodes = [.. vm.Nodes, below] };
        var choice = LevelPlanner.Choose(vm, vm.Disks[0], Request());
        (choice.Level, choice.Parent).Should().Be((BackupLevel.Full, null));
    }

    [Fact]
    public void A_bitmap_that_a_snapshot_copied_by_name_is_not_a_parent_in_a_standalone_image()
    {
        var vm = Vm(Disk("a", Recording(Name(1), 0)) is var top ? top with { Node = top.Node with { FileName = "/vm/a.snap" } } : top);
        LevelPlanner.Choose(vm, vm.Disks[0], Request()).Reason.Should().Contain("another image file");
    }

    [Fact]
    public void A_disk_with_other_writers_is_always_full()
    {
        var vm = Vm(Disk("a", Recording(Name(1))) with { IsShared = true });
        LevelPlanner.Choose(vm, vm.Disks[0], Request()).Reason.Should().Contain("share-rw");
        var requested = () => LevelPlanner.Choose(vm, vm.Disks[0], Request() with { Level = LevelChoice.Incremental });
        requested.Should().Throw<BackupException>().Where(e => e.Code == BackupErrorCode.IncrementalNotSound);
    }

    [Fact]
    public void A_requested_increment_without_a_sound_bitmap_is_refused_with_the_reason()
    {
        var vm = Vm(Disk("a", Inconsistent(Name(1))));
        var choose = () => LevelPlanner.Choose(vm, vm.Disks[0], Request() with { Level = LevelChoice.Incremental });
        choose.Should().Throw<BackupException>().Where(e => e.Code == BackupErrorCode.IncrementalNotSound && e.Message.Contains("inconsistent"));
    }

    [Fact]
    public void A_requested_full_closes_the_old_bitmap_too()
    {
        var vm = Vm(Disk("a", Recording(Name(1))));
        var choice = LevelPlanner.Choose(vm, vm.Disks[0], Request() with { Level = LevelChoice.Full });
        (choice.Level, choice.Parent, choice.Old!.Checkpoint).Should().Be((BackupLevel.Full, null, Checkpoint(1)));
    }

    [Fact]
    public void A_copy_changes_no_bitmap()
    {
        var vm = Vm(Disk("a", Recording(Name(1))));
        var choice = LevelPlanner.Choose(vm, vm.Disks[0], Request() with { Level = LevelChoice.Copy });
        (choice.Level, choice.Old).Should().Be((BackupLevel.Copy, null));
    }

    [Fact]
    public void A_bitmap_in_use_by_another_program_is_reported()
    {
        var vm = Vm(Disk("a", Recording(Name(1)) with { IsBusy = true }));
        var choose = () => LevelPlanner.Choose(vm, vm.Disks[0], Request());
        choose.Should().Throw<BackupException>().Where(e => e.Code == BackupErrorCode.Busy);
    }

    [Fact]
    public void Since_uses_every_bitmap_from_that_checkpoint_on()
    {
        var vm = Vm(Disk("a", Closed(Name(1)), Closed(Name(2, after: 1)), Closed(Name(3, after: 2)), Recording(Name(4, after: 3))));
        var choice = LevelPlanner.Choose(vm, vm.Disks[0], Request() with { Since = Checkpoint(2) });
        choice.Level.Should().Be(BackupLevel.Incremental);
        choice.Parent.Should().Be(Checkpoint(2));
        choice.Changed.Should().Equal(Name(2, after: 1), Name(3, after: 2), Name(4, after: 3));
    }

    public static TheoryData<string, DirtyBitmap[]> Holes => new()
    {
        { "no such checkpoint", [Recording(Name(4))] },
        { "the one between was removed by hand", [Closed(Name(1)), Recording(Name(4, after: 3))] },
        { "the one between is inconsistent", [Closed(Name(1)), Inconsistent(Name(3, after: 1)), Recording(Name(4, after: 3))] },
        { "the first one still records", [Recording(Name(1)), Recording(Name(4, after: 1))] },
        { "no predecessor connects them", [Closed(Name(1)), Recording(Name(4))] },
        { "a cycle of predecessors", [Closed(Name(1, after: 1)), Recording(Name(4, after: 4))] },
        { "nothing records any more", [Closed(Name(1)), Closed(Name(4, after: 1))] },
    };

    [Theory]
    [MemberData(nameof(Holes))]
    public void Since_is_refused_if_the_sequence_has_a_gap(string because, DirtyBitmap[] bitmaps)
    {
        var vm = Vm(Disk("a", bitmaps));
        var choose = () => LevelPlanner.Choose(vm, vm.Disks[0], Request() with { Since = Checkpoint(1) });
        choose.Should().Throw<BackupException>(because).Where(e => e.Code == BackupErrorCode.IncrementalNotSound);
    }

    [Fact]
    public void The_plan_says_when_a_disk_keeps_its_bitmaps_only_in_memory()
    {
        var vm = Vm(RawDisk("a"));
        LevelPlanner.Choose(vm, vm.Disks[0], Request()).Reason.Should().Contain("memory");
    }

    [Fact]
    public void Bitmaps_left_behind_by_an_external_snapshot_are_the_reason_for_a_full()
    {
        var disk = Disk("a") with { BackingNodes = ["base"] };
        var vm = Vm(disk);
        vm = vm with { Nodes = vm.Nodes.Add(new BlockNode { Name = "base", Driver = "qcow2", Bitmaps = [Recording(Name(1))] }) };
        LevelPlanner.Choose(vm, disk, Request()).Reason.Should().Contain("base").And.Contain("snapshot");
    }
}
