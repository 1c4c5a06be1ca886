using QmpBackup.Model;
using QmpBackup.Planning;
using static QmpBackup.Tests.Given;

namespace QmpBackup.Tests.Planning;

/// <summary>An increment needs a parent that is sound in the repository.</summary>
public sealed class HeldParentTests
{
    private static DiskChoice Choose(LevelChoice level, params HeldParent[] parents)
    {
        var vm = Vm(Disk("a", Closed(Name(1)), Recording(Name(2, after: 1))));
        return LevelPlanner.Choose(vm, vm.Disks[0], Request() with { Level = level, Parents = [.. parents] });
    }

    private static HeldParent Held(int checkpoint, string? disk = "a", long size = Size, string? fault = null) => new(disk, Checkpoint(checkpoint), size, fault);

    [Fact]
    public void The_point_in_the_repository_is_the_parent()
    {
        var choice = Choose(LevelChoice.Auto, Held(2));
        (choice.Level, choice.Parent).Should().Be((BackupLevel.Incremental, Checkpoint(2)));
    }

    [Fact]
    public void If_only_an_older_point_of_a_kept_sequence_is_in_the_repository_everything_since_is_read()
    {
        var choice = Choose(LevelChoice.Auto, Held(1), Held(2, fault: "broken"));
        (choice.Level, choice.Parent).Should().Be((BackupLevel.Incremental, Checkpoint(1)));
        choice.Changed.Should().Equal(Name(1), Name(2, after: 1));
    }

    [Fact]
    public void Without_a_sound_parent_the_disk_is_full_and_the_reason_is_given()
    {
        Choose(LevelChoice.Auto).Reason.Should().Contain($"does not hold checkpoint {Checkpoint(2)}");
        Choose(LevelChoice.Auto, Held(2, disk: "b")).Reason.Should().Contain("does not hold");
        Choose(LevelChoice.Auto, Held(2, size: 512)).Reason.Should().Contain("had 512");
        Choose(LevelChoice.Auto, Held(2, fault: "the file is gone")).Reason.Should().Contain("the file is gone");
        Choose(LevelChoice.Auto, Held(2, disk: null, fault: "point.json was altered")).Should()
            .Match<DiskChoice>(c => c.Level == BackupLevel.Full && c.Parent == null && c.Old != null && c.Reason.Contains("altered"));
    }

    [Fact]
    public void A_requested_increment_without_a_sound_parent_is_refused()
    {
        var choose = () => Choose(LevelChoice.Incremental);
        choose.Should().Throw<BackupException>().Where(e => e.Code == BackupErrorCode.IncrementalNotSound);
    }
}
