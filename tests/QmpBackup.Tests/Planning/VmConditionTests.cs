using QmpBackup.Model;
using QmpBackup.Planning;
using static QmpBackup.Tests.Given;

namespace QmpBackup.Tests.Planning;

/// <summary>What happens to a VM while a backup is open or about to be opened.</summary>
public sealed class VmConditionTests
{
    private static readonly SessionNames Names = new(Checkpoint(9));
    private static readonly string Open = Name(9, after: 1, open: true);

    private static VmState OpenVm(int disks = 1)
    {
        var before = Vm([.. Enumerable.Range(0, disks).Select(i => Disk(((char)('a' + i)).ToString(), Recording(Name(1))))]);
        var vm = Opened(before, StartPlanner.Plan(before, Request()));
        return Change(vm, node => node with { Bitmaps = [Closed(Name(1)), Recording(Open)] });
    }

    private static VmState Change(VmState vm, Func<BlockNode, BlockNode> change, string? only = null)
    {
        BlockNode Of(BlockNode node) => only is null || node.Name == only ? change(node) : node;
        var disks = vm.Disks.Select(d => d with { Node = Of(d.Node) }).ToList();
        return vm with { Disks = [.. disks], Nodes = [.. vm.Nodes.Select(n => disks.FirstOrDefault(d => d.Node.Name == n.Name)?.Node ?? n)] };
    }

    [Theory]
    [InlineData("inmigrate", null, BackupErrorCode.Busy, "has not arrived")]
    [InlineData("postmigrate", "completed", BackupErrorCode.CommandRefused, "migrated away")]
    [InlineData("finish-migrate", "device", BackupErrorCode.Busy, "is being migrated")]
    [InlineData("running", "active", BackupErrorCode.Busy, "is being migrated")]
    [InlineData("paused", "setup", BackupErrorCode.Busy, "is being migrated")]
    [InlineData("running", "postcopy-paused", BackupErrorCode.Busy, "is being migrated")]
    public void A_VM_in_a_migration_is_not_backed_up(string runState, string? migration, BackupErrorCode code, string reason)
    {
        var vm = Vm(Disk("a")) with { RunState = runState, MigrationStatus = migration };
        var plan = () => StartPlanner.Plan(vm, Request());
        plan.Should().Throw<BackupException>().Where(e => e.Code == code).WithMessage($"*{reason}*");
    }

    [Theory]
    [InlineData("running", "completed")]
    [InlineData("running", "failed")]
    [InlineData("running", "cancelled")]
    [InlineData("running", "none")]
    [InlineData("postmigrate", "cancelled")]
    [InlineData("postmigrate", "failed")]
    [InlineData("paused", null)]
    [InlineData("shutdown", null)]
    [InlineData("io-error", null)]
    [InlineData(null, null)]
    public void A_VM_that_is_not_migrating_is_backed_up_whether_it_runs_or_not(string? runState, string? migration) =>
        StartPlanner.Plan(Vm(Disk("a")) with { RunState = runState, MigrationStatus = migration }, Request()).Steps.Should().NotBeEmpty();

    [Theory]
    [InlineData("paused", null, "paused")]
    [InlineData("shutdown", null, "has shut down")]
    [InlineData("io-error", null, "could not be read or written")]
    [InlineData("guest-panicked", null, "crashed")]
    [InlineData("running", "active", "being migrated")]
    [InlineData("finish-migrate", "pre-switchover", "being migrated")]
    public void Status_reports_what_happened_to_the_VM(string runState, string? migration, string remark)
    {
        var status = StatusReader.Read(OpenVm() with { RunState = runState, MigrationStatus = migration });
        status.Remarks.Should().ContainSingle().Which.ToString().Should().Contain(remark);
        status.Problem.Should().BeNull();
    }

    [Fact]
    public void Status_reports_a_missing_export_or_socket()
    {
        var vm = OpenVm(2);
        var status = StatusReader.Read(vm with { Exports = [vm.Exports[0]] });
        status.Remarks.Should().ContainSingle().Which.ToString().Should().Contain("disk b").And.Contain("the export was removed");
        status.Problem.Should().BeNull("what was read is right");
        StatusReader.Read(vm with { NbdSocketExists = false }).Remarks.Should().ContainSingle().Which.ToString().Should().Contain("socket");
    }

    [Fact]
    public void Status_has_no_remark_about_a_running_VM_or_one_without_a_backup()
    {
        StatusReader.Read(OpenVm()).Remarks.Should().BeEmpty();
        StatusReader.Read(Vm(Disk("a")) with { RunState = "paused" }).Remarks.Should().BeEmpty();
    }

    [Fact]
    public void An_unplugged_disk_stays_readable_while_its_job_exists()
    {
        var vm = OpenVm(2);
        vm = vm with { Disks = vm.Disks.RemoveAt(0) };
        var status = StatusReader.Read(vm);
        status.Problem.Should().BeNull();
        status.Remarks.Should().ContainSingle().Which.ToString().Should().Be("Disk a was unplugged from the VM.");
        FinishPlanner.Plan(vm, keepBitmap: false).Steps.Commands().Should().Contain($"block-dirty-bitmap-add a/{Name(9)}");
    }

    [Fact]
    public void The_error_says_when_unplugging_the_disk_ended_its_job()
    {
        var vm = OpenVm(2);
        vm = vm with { Disks = vm.Disks.RemoveAt(0), Jobs = [new VmJob(Names.Disk(0).Job, "backup", "concluded", "Operation canceled"), vm.Jobs[1]] };
        var finish = () => FinishPlanner.Plan(vm, keepBitmap: false);
        finish.Should().Throw<BackupException>().Where(e => e.Code == BackupErrorCode.BackupFailed).WithMessage("*disk a*unplugged*");
        StatusReader.Read(vm).Problem.Should().Contain("unplugged");
    }

    [Fact]
    public void Bitmaps_below_a_snapshot_stay_and_the_rest_is_closed()
    {
        var vm = Change(OpenVm(2), node => node with { IsReadOnly = true }, "a");
        StatusReader.Read(vm).Problem.Should().BeNull();
        StatusReader.Read(vm).Remarks.Should().ContainSingle().Which.ToString().Should().Contain("snapshot of disk a");
        foreach (var plan in (BackupPlan[])[FinishPlanner.Plan(vm, keepBitmap: false), AbortPlanner.Plan(vm)])
        {
            plan.Steps.Commands().Where(c => c.StartsWith("block-dirty", StringComparison.Ordinal)).Should().NotBeEmpty().And.OnlyContain(c => c.Contains(" b/"));
            plan.Steps.Commands().Should().Contain("object-del");
            plan.Remarks.Should().ContainSingle().Which.Should().Contain("snapshot");
        }
    }

    [Fact]
    public void Bitmaps_below_a_snapshot_do_not_count_as_an_interrupted_backup()
    {
        var vm = Change(Vm(Disk("a")), node => node with { IsReadOnly = true, Bitmaps = [Closed(Name(1)), Recording(Open)] });
        StatusReader.Read(vm).Interrupted.Should().BeNull();
        AbortPlanner.Plan(vm).Steps.Should().BeEmpty();
    }

    [Fact]
    public void A_disk_that_returns_with_an_older_open_bitmap_is_rolled_back()
    {
        var old = Name(5, after: 1, open: true);
        var vm = OpenVm();
        var back = Disk("z", Closed(Name(1)), Recording(old));
        vm = vm with { Disks = vm.Disks.Add(back), Nodes = vm.Nodes.Add(back.Node) };
        FinishPlanner.Plan(vm, keepBitmap: false).Steps.Commands().Where(c => c.Contains(" z/")).Should().Equal(
            $"block-dirty-bitmap-merge z/{Name(1)} <- [\"{old}\"]",
            $"block-dirty-bitmap-enable z/{Name(1)}",
            $"block-dirty-bitmap-merge z/{Name(1)} <- [\"{old}\"]",
            $"block-dirty-bitmap-remove z/{old}");
    }

    [Fact]
    public void Only_the_newest_of_two_interrupted_backups_can_be_finished()
    {
        var vm = Vm(Disk("a", Closed(Name(1)), Recording(Open)), Disk("z", Closed(Name(1)), Recording(Name(5, after: 1, open: true))));
        var commands = FinishPlanner.Plan(vm, keepBitmap: false).Steps.Commands().ToList();
        commands.Should().Contain($"block-dirty-bitmap-add a/{Name(9)}").And.NotContain(c => c.StartsWith("block-dirty-bitmap-add z/", StringComparison.Ordinal));
    }

    [Fact]
    public void The_roll_back_merges_on_every_disk_before_it_enables_a_bitmap()
    {
        AbortPlanner.Plan(OpenVm(2)).Steps.Commands().Where(c => c.Contains("bitmap")).Take(3).Should().Equal(
            $"block-dirty-bitmap-merge a/{Name(1)} <- [\"{Open}\"]", $"block-dirty-bitmap-merge b/{Name(1)} <- [\"{Open}\"]", $"block-dirty-bitmap-enable a/{Name(1)}");
        var start = StartPlanner.Plan(Vm(Disk("a", Recording(Name(1)))), Request());
        start.Steps.Single(s => s.IsCommitPoint).Undo.Commands().Where(c => c.Contains("bitmap")).First().Should().Be($"block-dirty-bitmap-merge a/{Name(1)} <- [\"{Open}\"]");
    }
}
