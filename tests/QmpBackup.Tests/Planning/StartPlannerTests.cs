using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using QmpBackup.Model;
using QmpBackup.Planning;
using static QmpBackup.Tests.Given;

namespace QmpBackup.Tests.Planning;

public sealed class StartPlannerTests
{
    private static readonly SessionNames Names = new(Checkpoint(9));

    [Fact]
    public void The_transaction_adds_bitmaps_then_starts_jobs_then_disables_bitmaps()
    {
        var plan = StartPlanner.Plan(Vm(Disk("a", Recording(Name(1))), Disk("b", Recording(Name(1, disk: "b")))), Request());
        var commit = plan.Steps.Single(s => s.IsCommitPoint);
        new[] { commit }.Commands().Should().Equal(
            $"block-dirty-bitmap-add a/{Name(9, after: 1, open: true)}",
            $"block-dirty-bitmap-add b/{Name(9, after: 1, open: true, disk: "b")}",
            $"blockdev-backup a/{Names.Disk(0).Overlay}",
            $"blockdev-backup b/{Names.Disk(1).Overlay}",
            $"block-dirty-bitmap-disable a/{Name(1)}",
            $"block-dirty-bitmap-disable b/{Name(1, disk: "b")}");
    }

    [Fact]
    public void The_undo_of_the_transaction_merges_and_enables_before_it_removes_bitmaps()
    {
        var plan = StartPlanner.Plan(Vm(Disk("a", Recording(Name(1)))), Request());
        var open = Name(9, after: 1, open: true);
        plan.Steps.Single(s => s.IsCommitPoint).Undo.Commands().Should().Equal(
            "job-cancel", "job-dismiss",
            $"block-dirty-bitmap-merge a/{Name(1)} <- [\"{open}\"]",
            $"block-dirty-bitmap-enable a/{Name(1)}",
            $"block-dirty-bitmap-merge a/{Name(1)} <- [\"{open}\"]",
            $"block-dirty-bitmap-remove a/{open}");
    }

    [Fact]
    public void Everything_that_can_be_prepared_is_prepared_before_the_commit_point()
    {
        var plan = StartPlanner.Plan(Vm(Disk("a")), Request());
        plan.Steps.TakeWhile(s => !s.IsCommitPoint).Commands().Should().Equal(
            "object-add", "blockdev-create", "job-dismiss", "blockdev-create", "job-dismiss", "blockdev-add", "nbd-server-start");
        plan.Steps.SkipWhile(s => !s.IsCommitPoint).Skip(1).Commands().Should().Equal("block-export-add", "qom-set");
    }

    [Fact]
    public void Every_step_that_leaves_something_behind_has_an_undo()
    {
        var plan = StartPlanner.Plan(Vm(Disk("a", Recording(Name(1)))), Request());
        var additive = new[] { "object-add", "blockdev-create", "blockdev-add", "nbd-server-start", "transaction", "block-export-add" };
        plan.Steps.OfType<CommandStep>().Where(s => additive.Contains(s.Request.Command)).Should().OnlyContain(s => !s.Undo.IsEmpty);
        plan.Steps.OfType<MakeFolderStep>().Should().OnlyContain(s => !s.Undo.IsEmpty);
    }

    [Fact]
    public void An_overlay_is_never_started_with_break_snapshot()
    {
        var vm = Vm(Disk("a")) with { Version = new Version(11, 1, 3), Features = Qemu111 };
        var plan = StartPlanner.Plan(vm, Request() with { Fleecing = Fleecing.Overlay });
        plan.Steps.Single(s => s.IsCommitPoint).Describe().Should().NotContain("on-cbw-error");
    }

    [Fact]
    public void Auto_uses_snapshot_access_only_if_a_full_scratch_cannot_harm_the_guest()
    {
        var plan = StartPlanner.Plan(Vm(Disk("a")) with { Version = new Version(11, 1, 3), Features = Qemu111 }, Request());
        plan.Note!.Fleecing.Should().Be(Fleecing.SnapshotAccess);
        plan.Steps.Single(s => s.IsCommitPoint).Describe().Should().Contain("\"on-cbw-error\":\"break-snapshot\"");
        StartPlanner.Plan(Vm(Disk("a")), Request()).Note!.Fleecing.Should().Be(Fleecing.Overlay);
    }

    [Fact]
    public void Since_merges_on_the_scratch_node_after_the_commit_point_and_exports_the_result()
    {
        var vm = Vm(Disk("a", Closed(Name(1)), Recording(Name(2, after: 1))));
        var plan = StartPlanner.Plan(vm, Request() with { Since = Checkpoint(1) });
        plan.Steps.SkipWhile(s => !s.IsCommitPoint).Skip(1).Commands().Should()
            .Equal("block-dirty-bitmap-add", "block-dirty-bitmap-merge", "block-export-add", "qom-set");
        var export = plan.Steps.OfType<CommandStep>().Single(s => s.Request.Command == "block-export-add").Request.Arguments!.Value;
        JsonSerializer.Serialize(export.GetProperty("bitmaps"), JsonElementContext.Default.JsonElement).Should()
            .Be($"[{{\"node\":\"{Names.Disk(0).Overlay}\",\"name\":\"{Names.MergedBitmap}\"}}]");
    }

    [Fact]
    public void A_QEMU_that_cannot_name_the_node_of_a_bitmap_gets_only_its_name()
    {
        var vm = Vm(Disk("a", Recording(Name(1))));
        vm = vm with { Features = vm.Features with { ExportsBitmapsByNode = false } };
        StartPlanner.Plan(vm, Request()).Steps.OfType<CommandStep>().Single(s => s.Request.Command == "block-export-add").Describe()
            .Should().Contain($"\"bitmaps\":[\"{Name(1)}\"]");
    }

    [Fact]
    public void A_disk_that_only_the_guest_may_read_is_left_out()
    {
        var plan = StartPlanner.Plan(Vm(Disk("a"), Disk("cd") with { IsReadOnly = true }), Request());
        plan.Disks.Select(d => d.Disk.Name).Should().Equal("a");
    }

    [Fact]
    public void A_disk_can_be_chosen_by_any_of_its_names()
    {
        var vm = Vm(Disk("a"), Disk("b"), Disk("c"));
        StartPlanner.Plan(vm, Request() with { Disks = ["dev-b", "a"] }).Disks.Select(d => d.Disk.Name).Should().Equal("a", "b");
        StartPlanner.Plan(vm, Request() with { Exclude = ["dev-b"] }).Disks.Select(d => d.Disk.Name).Should().Equal("a", "c");
    }

    public static TheoryData<string, Func<VmState, VmState>, Func<StartRequest, StartRequest>, BackupErrorCode, string> Refusals => new()
    {
        { "an unknown disk", vm => vm, r => r with { Disks = ["x"] }, BackupErrorCode.InvalidArgument, "no disk 'x'" },
        { "an unknown disk left out", vm => vm, r => r with { Exclude = ["x"] }, BackupErrorCode.InvalidArgument, "no disk 'x'" },
        { "a disk that cannot be written", vm => Vm(Disk("a"), Disk("cd") with { IsReadOnly = true }), r => r with { Disks = ["cd"] }, BackupErrorCode.InvalidArgument, "cannot be written" },
        { "no disk left", vm => vm, r => r with { Exclude = ["a"] }, BackupErrorCode.InvalidArgument, "No disk is left" },
        { "no disk at all", vm => Vm(), r => r, BackupErrorCode.InvalidArgument, "no disk" },
        { "one node behind two disks", vm => Vm(Disk("a"), Disk("a") with { Name = "b" }), r => r, BackupErrorCode.InvalidArgument, "more than one disk" },
        { "a relative scratch directory", vm => vm, r => r with { ScratchDirectory = "tmp" }, BackupErrorCode.InvalidArgument, "absolute" },
        { "a socket path that is too long", vm => vm, r => r with { ScratchDirectory = "/" + new string('x', 100) }, BackupErrorCode.InvalidArgument, "107" },
        { "since and full", vm => vm, r => r with { Since = Checkpoint(1), Level = LevelChoice.Full }, BackupErrorCode.InvalidArgument, "relative" },
        { "a QEMU without pull mode", vm => vm with { Features = new QemuFeatures() }, r => r, BackupErrorCode.CommandRefused, "lacks" },
        { "snapshot-access with a QEMU that returns wrong data", vm => vm, r => r with { Fleecing = Fleecing.SnapshotAccess }, BackupErrorCode.InvalidArgument, "zeroes" },
        { "snapshot-access without the driver", vm => vm with { Version = new Version(11, 1, 3), Features = Qemu72 with { HasSnapshotAccess = false } }, r => r with { Fleecing = Fleecing.SnapshotAccess }, BackupErrorCode.InvalidArgument, "snapshot-access" },
        { "a disk on an iothread of a QEMU that aborts", vm => Vm(Disk("a") with { MayUseIoThread = true }), r => r, BackupErrorCode.CommandRefused, "iothread" },
        { "an open backup", vm => Opened(vm, StartPlanner.Plan(vm, Request(8))), r => r, BackupErrorCode.Busy, "is open" },
        { "a mark that cannot be read", vm => vm with { HasNote = true }, r => r, BackupErrorCode.Busy, "is open" },
        { "a leftover node of ours", vm => vm with { Nodes = vm.Nodes.Add(new BlockNode { Name = Names.Disk(0).Overlay, Driver = "qcow2" }) }, r => r, BackupErrorCode.Busy, "is open" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public void An_impossible_request_is_refused_with_a_reason(
        string because, Func<VmState, VmState> vm, Func<StartRequest, StartRequest> request, BackupErrorCode code, string message)
    {
        var plan = () => StartPlanner.Plan(vm(Vm(Disk("a"))), request(Request()));
        plan.Should().Throw<BackupException>(because).Where(e => e.Code == code).Which.Message.Should().Contain(message);
    }

    [Fact]
    public void A_backup_that_a_restart_interrupted_is_rolled_back_first()
    {
        var vm = Vm(Disk("a", Closed(Name(1)), Recording(Name(2, after: 1, open: true))));
        var plan = StartPlanner.Plan(vm, Request());
        plan.Steps.Commands().Take(2).Should().Equal($"block-dirty-bitmap-merge a/{Name(1)} <- [\"{Name(2, after: 1, open: true)}\"]", $"block-dirty-bitmap-enable a/{Name(1)}");
        plan.Disks.Single().Parent.Should().Be(Checkpoint(1));
        plan.Remarks.Should().ContainSingle().Which.Should().Contain("interrupted");
    }

    [Theory]
    [InlineData("7.2.0", true)]
    [InlineData("7.2.14", true)]
    [InlineData("7.2.22", true)]
    [InlineData("8.2.2", true)]
    [InlineData("9.0.0", false)]
    [InlineData("10.0.13", false)]
    public void A_disk_on_an_iothread_is_refused_if_QEMU_would_abort_unless_forced(string version, bool refused)
    {
        var vm = Vm(Disk("a") with { MayUseIoThread = true }) with { Version = Version.Parse(version) };
        var plan = () => StartPlanner.Plan(vm, Request());
        if (refused)
            plan.Should().Throw<BackupException>();
        else
            plan.Should().NotThrow();
        StartPlanner.Plan(vm, Request() with { Force = true }).Steps.Should().NotBeEmpty();
    }

    [Fact]
    public void A_passed_through_SCSI_device_is_left_out_and_is_refused_when_it_is_named()
    {
        var vm = Vm(Disk("a"), Disk("lun") with { IsPassthrough = true });
        StartPlanner.Plan(vm, Request()).Disks.Select(d => d.Disk.Name).Should().Equal("a");
        var named = () => StartPlanner.Plan(vm, Request() with { Disks = ["lun"] });
        named.Should().Throw<BackupException>().Where(e => e.Code == BackupErrorCode.InvalidArgument && e.Message.Contains("SCSI"));
    }

    [Fact]
    public void Over_TCP_no_folder_is_created_on_this_host()
    {
        var plan = StartPlanner.Plan(Vm(Disk("a")) with { Process = null }, Request());
        plan.Steps.OfType<MakeFolderStep>().Should().BeEmpty();
        plan.Note!.ScratchFolder.Should().BeNull();
        plan.Note.Disks[0].Scratch.Should().Be("/var/tmp/" + Names.Disk(0).ScratchFile);
    }

    [Fact]
    public void The_guest_is_frozen_only_for_the_transaction()
    {
        var plan = StartPlanner.Plan(Vm(Disk("a"), Disk("b")), Request() with { Freeze = new FreezeRequest() });
        var window = plan.Steps.SkipWhile(s => s is not FreezeStep).TakeWhile(s => s is not ThawStep).Skip(1).ToList();
        window.Should().ContainSingle().Which.IsCommitPoint.Should().BeTrue();
        plan.Steps.OfType<FreezeStep>().Single().Undo.Should().ContainSingle().Which.Should().BeOfType<ThawStep>();
    }

    [Fact]
    public void No_text_from_QEMU_becomes_part_of_a_path()
    {
        var plan = StartPlanner.Plan(Vm(Disk("../../etc/passwd")), Request());
        plan.Note!.Disks[0].Scratch.Should().Be($"/var/tmp/{Names.Directory}/{Names.Disk(0).ScratchFile}");
    }

    [Fact]
    public void A_request_without_a_checkpoint_gets_one_of_the_current_time()
    {
        var time = new FakeTimeProvider(Checkpoint(7).Time);
        new StartRequest().WithCheckpoint(time).Point.Time.Should().Be(Checkpoint(7).Time);
        Request().WithCheckpoint(time).Point.Should().Be(Checkpoint(9), "what is given stays");
    }
}
