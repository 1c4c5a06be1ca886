using QmpBackup.Planning;
using static QmpBackup.Tests.Given;

namespace QmpBackup.Tests.Planning;

/// <summary>Disks that cannot be backed up, or not as they are, are reported. With strict they fail the backup.</summary>
public sealed class UnseenDisksTests
{
    private static readonly UnseenDisk Unseen = new("vu0", "vhost-user-blk-pci", "another process serves it");

    private static VmState WithUnseen => Vm(Disk("a")) with { UnseenDisks = [Unseen] };

    [Fact]
    public void The_plan_and_status_report_unseen_disks()
    {
        StartPlanner.Plan(WithUnseen, Request()).Remarks.Should().ContainSingle().Which.Should().Be(Unseen.Remark).And.Contain("vu0");
        StatusReader.Read(WithUnseen).Remarks.Should().ContainSingle().Which.ToString().Should().Be(Unseen.Remark);
    }

    [Fact]
    public void Strict_fails_if_a_disk_is_left_out_that_the_user_did_not_exclude()
    {
        var strict = Request() with { IsStrict = true };
        foreach (var vm in new[] { WithUnseen, Vm(Disk("a"), Disk("lun") with { IsPassthrough = true }), Vm() with { UnseenDisks = [Unseen] } })
        {
            var plan = () => StartPlanner.Plan(vm, strict);
            plan.Should().Throw<BackupException>().Where(e => e.Code == BackupErrorCode.BackupFailed);
        }

        StartPlanner.Plan(WithUnseen, strict with { Exclude = ["vu0"] }).Remarks.Should().BeEmpty();
        StartPlanner.Plan(WithUnseen, strict with { Disks = ["a"] }).Remarks.Should().BeEmpty();
        // A disk that the guest cannot write needs no backup.
        StartPlanner.Plan(Vm(Disk("a"), Disk("ro") with { IsReadOnly = true }, Disk("cd") with { IsCdRom = true }), strict).Remarks.Should().BeEmpty();
    }

    [Fact]
    public void An_unseen_disk_that_is_named_is_refused_with_the_reason()
    {
        var named = () => StartPlanner.Plan(WithUnseen, Request() with { Disks = ["vu0"] });
        named.Should().Throw<BackupException>().Where(e => e.Code == BackupErrorCode.InvalidArgument).WithMessage("*another process serves it*");
        var only = () => StartPlanner.Plan(Vm() with { UnseenDisks = [Unseen] }, Request());
        only.Should().Throw<BackupException>().Where(e => e.Code == BackupErrorCode.InvalidArgument).WithMessage("*vu0*");
    }

    [Fact]
    public void A_passed_through_SCSI_device_is_reported()
    {
        var vm = Vm(Disk("a"), Disk("lun") with { IsPassthrough = true });
        StartPlanner.Plan(vm, Request()).Remarks.Should().ContainSingle().Which.Should().Contain("lun");
        StartPlanner.Plan(vm, Request() with { Exclude = ["lun"] }).Remarks.Should().BeEmpty();
    }

    [Fact]
    public void A_CD_ROM_is_backed_up_only_when_it_is_named()
    {
        var vm = Vm(Disk("a"), Disk("cd") with { IsCdRom = true });
        StartPlanner.Plan(vm, Request()).Disks.Select(d => d.Disk.Name).Should().Equal("a");
        StartPlanner.Plan(vm, Request() with { Disks = ["cd"] }).Disks.Select(d => d.Disk.Name).Should().Equal("cd");
    }

    [Fact]
    public void The_plan_says_that_an_encrypted_disk_is_stored_as_plain_text() =>
        StartPlanner.Plan(Vm(Disk("a") with { Encryption = "luks" }), Request()).Remarks.Should().ContainSingle().Which.Should().Contain("luks").And.Contain("plain text");

    [Fact]
    public void An_inactive_disk_is_refused_until_the_VM_has_run()
    {
        var disk = Disk("a");
        var plan = () => StartPlanner.Plan(Vm(disk with { Node = disk.Node with { IsInactive = true } }), Request());
        plan.Should().Throw<BackupException>().Where(e => e.Code == BackupErrorCode.CommandRefused && e.Hint!.Contains("cont"));
    }

    [Theory]
    [InlineData(65531, 1, false)]
    [InlineData(65532, 1, true)]
    [InlineData(65100, 1001, true)]
    public void An_image_must_have_room_for_the_bitmaps_of_start_and_of_finish(int count, int length, bool refused)
    {
        var bitmaps = Enumerable.Range(0, count).Select(i => Closed(i.ToString().PadLeft(length, 'x'))).ToArray();
        var plan = (LevelChoice level) => () => StartPlanner.Plan(Vm(Disk("a", bitmaps)), Request() with { Level = level });
        if (refused)
            plan(LevelChoice.Auto).Should().Throw<BackupException>().Where(e => e.Code == BackupErrorCode.CommandRefused).WithMessage("*bitmaps*");
        else
            plan(LevelChoice.Auto).Should().NotThrow();
        plan(LevelChoice.Copy).Should().NotThrow();
        StartPlanner.Plan(Vm(RawDisk("a", bitmaps)), Request()).Steps.Should().NotBeEmpty("they live in memory there");
    }
}
