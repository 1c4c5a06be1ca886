using QmpBackup.Planning;
using static QmpBackup.Tests.Given;

namespace QmpBackup.Tests.Planning;

/// <summary>An inspection says of each disk what a backup would do, as the planner of start does it.</summary>
public sealed class VmInspectorTests
{
    [Fact]
    public void Each_disk_has_the_choice_that_start_would_make()
    {
        var vm = Vm(Disk("a", Recording(Name(1)), Recording(Twin(Name(1)))), Disk("b"));

        var inspection = VmInspector.Inspect(vm, Request());

        var plan = StartPlanner.Plan(vm, Request());
        inspection.Disks.Select(d => (d.Disk, d.IsIncluded, d.Level, d.Reason, d.Parent)).Should()
            .Equal(plan.Disks.Select(d => (d.Disk, true, (BackupLevel?)d.Level, d.Reason, d.Parent)));
        inspection.Disks[0].Parent.Should().Be(Checkpoint(1));
    }

    [Fact]
    public void A_disk_that_is_left_out_has_the_reason()
    {
        var vm = Vm(
            Disk("a"), Disk("ro") with { IsReadOnly = true }, Disk("lun") with { IsPassthrough = true }, Disk("cd") with { IsCdRom = true },
            Disk("x"));

        var inspection = VmInspector.Inspect(vm, Request() with { Exclude = ["dev-x"] });

        inspection.Disks.Where(d => d.IsIncluded).Select(d => d.Disk.Name).Should().Equal("a");
        inspection.Disks.Where(d => !d.IsIncluded).Should().OnlyContain(d => d.Level == null && d.Reason.Length > 0);
        inspection.Disks[^1].Reason.Should().Be("excluded");
        VmInspector.Inspect(vm, Request() with { Disks = ["cd"] }).Disks.Where(d => d.IsIncluded).Select(d => d.Disk.Name).Should().Equal("cd");
    }

    [Fact]
    public void While_a_backup_is_open_each_disk_says_whether_it_is_in_it()
    {
        var vm = Vm(Disk("a"), Disk("b"));
        var opened = Opened(vm, StartPlanner.Plan(vm, Request() with { Disks = ["a"] }));

        var disks = VmInspector.Inspect(opened, Request(10)).Disks;

        disks[0].Reason.Should().Be($"backup {Checkpoint(9)} is open and has it as full: the next one can start once it is closed");
        disks[1].Reason.Should().Be($"backup {Checkpoint(9)} is open, without this disk: the next one can start once it is closed");
        disks.Should().OnlyContain(d => d.IsIncluded && d.Level == null);
    }

    [Fact]
    public void A_disk_that_QEMU_does_not_see_is_a_remark_and_cannot_be_named()
    {
        var unseen = new UnseenDisk("vu0", "vhost-user-blk-pci", "another process serves it");
        var vm = Vm(Disk("a") with { Encryption = "luks" }) with { UnseenDisks = [unseen] };

        VmInspector.Inspect(vm, Request()).Remarks.Should().HaveCount(2).And.Contain(unseen.Remark);
        VmInspector.Inspect(vm, Request() with { Exclude = ["vu0"] }).Remarks.Should().ContainSingle().Which.Should().Contain("luks");
        var named = () => VmInspector.Inspect(vm, Request() with { Disks = ["vu0"] });
        named.Should().Throw<BackupException>().WithMessage("Disk vu0 (vhost-user-blk-pci) cannot be backed up: another process serves it.");
    }
}
