using QmpBackup.Model;
using QmpBackup.Planning;
using static QmpBackup.Tests.Given;

namespace QmpBackup.Tests.Planning;

/// <summary>Finish and abort from every state of a backup.</summary>
public sealed class ClosingPlannersTests
{
    private static readonly SessionNames Names = new(Checkpoint(9));
    private static readonly string Open = Name(9, after: 1, open: true);

    private static VmState OpenIncrement(SessionPhase phase = SessionPhase.Open)
    {
        var before = Vm(Disk("a", Recording(Name(1))));
        return Opened(before, StartPlanner.Plan(before, Request()), phase).With(Closed(Name(1)) with { IsBusy = true }, Recording(Open));
    }

    [Fact]
    public void Finish_removes_exports_then_jobs_then_nodes_then_bitmaps_then_the_note()
    {
        FinishPlanner.Plan(OpenIncrement(), keepBitmap: false).Steps.Commands().Should().Equal(
            "qom-set", "block-export-del", "nbd-server-stop", "job-cancel", "job-dismiss", "blockdev-del",
            $"block-dirty-bitmap-add a/{Name(9)}",
            $"block-dirty-bitmap-merge a/{Name(9)} <- [\"{Open}\"]",
            $"block-dirty-bitmap-remove a/{Name(1)}",
            $"block-dirty-bitmap-remove a/{Open}",
            "object-del");
    }

    [Fact]
    public void A_kept_bitmap_stays_and_the_new_one_names_its_predecessor()
    {
        FinishPlanner.Plan(OpenIncrement(), keepBitmap: true).Steps.Commands().Where(c => c.Contains("bitmap")).Should().Equal(
            $"block-dirty-bitmap-add a/{Name(9, after: 1)}",
            $"block-dirty-bitmap-merge a/{Name(9, after: 1)} <- [\"{Open}\"]",
            $"block-dirty-bitmap-remove a/{Open}");
    }

    [Fact]
    public void A_bitmap_that_leaves_a_kept_sequence_is_merged_into_the_one_before()
    {
        var open = Name(9, after: 2, open: true);
        var before = Vm(Disk("a", Closed(Name(1)), Recording(Name(2, after: 1))));
        var vm = Opened(before, StartPlanner.Plan(before, Request())).With(Closed(Name(1)), Closed(Name(2, after: 1)), Recording(open));
        FinishPlanner.Plan(vm, keepBitmap: false).Steps.Commands().Where(c => c.Contains("bitmap")).Should().Equal(
            $"block-dirty-bitmap-add a/{Name(9, after: 1)}",
            $"block-dirty-bitmap-merge a/{Name(9, after: 1)} <- [\"{open}\"]",
            $"block-dirty-bitmap-merge a/{Name(1)} <- [\"{Name(2, after: 1)}\"]",
            $"block-dirty-bitmap-remove a/{Name(2, after: 1)}",
            $"block-dirty-bitmap-remove a/{open}");
    }

    [Fact]
    public void Useless_bitmaps_of_ours_are_removed_and_those_of_others_stay()
    {
        var open = Name(9, open: true);
        var before = Vm(Disk("a", Inconsistent(Name(1)), Recording("bitmap0"), Recording(Name(3, chain: ChainName.Parse("other")))));
        var vm = Opened(before, StartPlanner.Plan(before, Request())).With(Inconsistent(Name(1)), Recording("bitmap0"), Recording(Name(3, chain: ChainName.Parse("other"))), Recording(open));
        FinishPlanner.Plan(vm, keepBitmap: true).Steps.Commands().Where(c => c.Contains("bitmap-remove")).Should().Equal(
            $"block-dirty-bitmap-remove a/{Name(1)}", $"block-dirty-bitmap-remove a/{open}");
    }

    [Fact]
    public void An_interrupted_finish_continues_with_its_first_options()
    {
        var vm = OpenIncrement();
        vm = vm with { Note = vm.Note! with { Phase = SessionPhase.Finishing, KeepBitmap = true }, Jobs = [], Exports = [] };
        FinishPlanner.Plan(vm, keepBitmap: false).Steps.Commands().Should().Contain($"block-dirty-bitmap-add a/{Name(9, after: 1)}").And.NotContain("job-cancel");
    }

    [Fact]
    public void A_finish_interrupted_after_its_transaction_only_cleans_up()
    {
        var vm = OpenIncrement(SessionPhase.Finishing).With(Recording(Name(9)));
        FinishPlanner.Plan(vm, keepBitmap: false).Steps.Commands().Should().NotContain(c => c.StartsWith("block-dirty")).And.Contain("object-del");
        AbortPlanner.Plan(vm).Steps.Commands().Should().NotContain(c => c.StartsWith("block-dirty"));
    }

    public static TheoryData<string, Func<VmState, VmState>, BackupErrorCode> NotToBeFinished => new()
    {
        { "nothing is open", _ => Vm(Disk("a", Recording(Name(1)))), BackupErrorCode.NothingOpen },
        { "the job is gone", vm => vm with { Jobs = [] }, BackupErrorCode.BackupFailed },
        { "the job has ended", vm => vm with { Jobs = [new VmJob(Names.Disk(0).Job, "backup", "concluded", "No space left")] }, BackupErrorCode.BackupFailed },
        { "it was never opened completely", vm => vm with { Note = vm.Note! with { Phase = SessionPhase.Starting } }, BackupErrorCode.BackupFailed },
        { "its bitmap was removed", vm => vm.With(Closed(Name(1))), BackupErrorCode.BackupFailed },
        { "its bitmap was disabled", vm => vm.With(Closed(Name(1)), Closed(Open)), BackupErrorCode.BackupFailed },
        { "after a restart its bitmap is inconsistent", _ => Vm(Disk("a", Inconsistent(Name(1)), Inconsistent(Open))), BackupErrorCode.BackupFailed },
        { "after a restart its bitmap does not record", _ => Vm(Disk("a", Closed(Name(1)), Closed(Open))), BackupErrorCode.BackupFailed },
        { "its note is gone and its job too", vm => vm with { HasNote = false, Note = null, Jobs = [] }, BackupErrorCode.BackupFailed },
    };

    [Theory]
    [MemberData(nameof(NotToBeFinished))]
    public void Finish_is_refused_if_the_data_cannot_be_trusted(string because, Func<VmState, VmState> vm, BackupErrorCode code)
    {
        var plan = () => FinishPlanner.Plan(vm(OpenIncrement()), keepBitmap: false);
        plan.Should().Throw<BackupException>(because).Where(e => e.Code == code);
    }

    [Fact]
    public void Without_its_note_a_backup_can_be_finished_and_aborted()
    {
        var vm = OpenIncrement() with { HasNote = false, Note = null, NbdSocketExists = null };
        FinishPlanner.Plan(vm, keepBitmap: false).Steps.Commands().Should().Contain($"block-dirty-bitmap-add a/{Name(9)}").And.Contain("nbd-server-stop");
        AbortPlanner.Plan(vm).Steps.Commands().Should().Contain($"block-dirty-bitmap-enable a/{Name(1)}");
        AbortPlanner.Plan(vm).Steps.OfType<RemoveFolderStep>().Single().Path.Should().Be("/var/tmp/" + Names.Directory);
    }

    [Theory]
    [InlineData(false, false, false)]
    [InlineData(true, false, true)]
    [InlineData(false, true, true)]
    public void A_server_without_a_visible_socket_is_stopped_if_it_belongs_to_this_backup(bool isInNote, bool hasJob, bool stopped)
    {
        var vm = OpenIncrement(SessionPhase.Starting);
        vm = vm with { Note = vm.Note! with { ServerStarted = isInNote }, NbdSocketExists = null, Exports = [], Jobs = hasJob ? vm.Jobs : [] };
        AbortPlanner.Plan(vm).Steps.Commands().Contains("nbd-server-stop").Should().Be(stopped);
    }

    [Fact]
    public void After_a_restart_finish_commits_because_the_reader_may_have_all_data()
    {
        var vm = Vm(Disk("a", Closed(Name(1)), Recording(Open)));
        FinishPlanner.Plan(vm, keepBitmap: false).Steps.Commands().Should().Equal(
            $"block-dirty-bitmap-add a/{Name(9)}",
            $"block-dirty-bitmap-merge a/{Name(9)} <- [\"{Open}\"]",
            $"block-dirty-bitmap-remove a/{Name(1)}",
            $"block-dirty-bitmap-remove a/{Open}");
    }

    [Fact]
    public void Abort_without_an_open_backup_does_nothing() =>
        AbortPlanner.Plan(Vm(Disk("a", Recording(Name(1)), Recording("bitmap0")))).Steps.Should().BeEmpty();

    public static TheoryData<string, DirtyBitmap[], string[]> RollBacks => new()
    {
        { "the usual", [Closed(Name(1)), Recording(Open)], [$"block-dirty-bitmap-merge a/{Name(1)} <- [\"{Open}\"]", $"block-dirty-bitmap-enable a/{Name(1)}", $"block-dirty-bitmap-merge a/{Name(1)} <- [\"{Open}\"]", $"block-dirty-bitmap-remove a/{Open}"] },
        { "another client enabled the old one", [Recording(Name(1)), Recording(Open)], [$"block-dirty-bitmap-merge a/{Name(1)} <- [\"{Open}\"]", $"block-dirty-bitmap-remove a/{Open}"] },
        { "there was none before", [Recording(Name(9, open: true))], [$"block-dirty-bitmap-remove a/{Name(9, open: true)}"] },
        { "the old one was removed", [Recording(Open)], [$"block-dirty-bitmap-remove a/{Open}"] },
        { "the new one missed writes: the old one stays disabled", [Closed(Name(1)), Closed(Open)], [$"block-dirty-bitmap-remove a/{Open}"] },
        { "the old one is inconsistent", [Inconsistent(Name(1)), Recording(Open)], [$"block-dirty-bitmap-remove a/{Open}"] },
        { "the new one is gone: the old one stays disabled", [Closed(Name(1))], [] },
    };

    [Theory]
    [MemberData(nameof(RollBacks))]
    public void Abort_rolls_back_only_bitmaps_that_are_complete(string because, DirtyBitmap[] bitmaps, string[] commands) =>
        AbortPlanner.Plan(Vm(Disk("a", bitmaps))).Steps.Commands().Should().Equal(commands, because);

    [Fact]
    public void Abort_in_the_middle_of_a_start_removes_what_exists()
    {
        var vm = OpenIncrement(SessionPhase.Starting) with { Exports = [], NbdSocketExists = false };
        vm = vm with { Jobs = [new VmJob(Names.Disk(0).FormatJob, "create", "concluded")] };
        AbortPlanner.Plan(vm.With(Recording(Name(1)))).Steps.Commands().Should().Equal("job-dismiss", "blockdev-del", "object-del");
    }

    [Fact]
    public void Over_TCP_no_file_on_this_host_is_removed()
    {
        var vm = OpenIncrement() with { Process = null, NbdSocketExists = null };
        foreach (var plan in new[] { FinishPlanner.Plan(vm, keepBitmap: false), AbortPlanner.Plan(vm) })
        {
            plan.Steps.Where(s => s is not (CommandStep or AwaitJobStep or AwaitExportGoneStep)).Should().BeEmpty();
            plan.Steps.Commands().Should().Contain("blockdev-create", "QEMU empties the image");
            plan.Remarks.Should().ContainSingle().Which.Should().Contain("stays");
        }
    }

    [Fact]
    public void A_scratch_file_outside_the_folder_of_this_backup_is_emptied_by_QEMU()
    {
        var vm = OpenIncrement() with { HasNote = false, Note = null };
        vm = vm with { Nodes = [.. vm.Nodes.Select(n => n.Driver == "file" ? n with { FileName = "/home/else/" + Names.Disk(0).ScratchFile } : n)] };
        AbortPlanner.Plan(vm).Steps.Should().NotContain(s => s is RemoveFileStep || s is RemoveFolderStep);
        vm = vm with { Nodes = [.. vm.Nodes.Select(n => n.Driver == "file" ? n with { FileName = "/var/tmp/qbackup-ffffff/" + Names.Disk(0).ScratchFile } : n)] };
        AbortPlanner.Plan(vm).Steps.Should().NotContain(s => s is RemoveFileStep || s is RemoveFolderStep);
    }

    [Fact]
    public void A_server_with_an_export_of_another_program_keeps_running()
    {
        var vm = OpenIncrement();
        vm = vm with { Exports = vm.Exports.Add(new VmExport("foreign", "nbd", "a")) };
        var plan = AbortPlanner.Plan(vm);
        plan.Steps.Commands().Should().NotContain("nbd-server-stop").And.ContainSingle(c => c == "block-export-del");
        plan.Steps.Should().NotContain(s => s is RemoveFolderStep, "the socket that they read through is in it");
        plan.Remarks.Should().ContainSingle();
    }

    [Fact]
    public void A_full_chain_of_disks_is_rolled_back_in_one_transaction()
    {
        var before = Vm(Disk("a", Recording(Name(1))), Disk("b", Recording(Name(1))));
        var disks = before.Disks.Select(d => d with { Node = d.Node with { Bitmaps = [Closed(Name(1)), Recording(Open)] } }).ToList();
        var vm = Vm([.. disks]);
        AbortPlanner.Plan(vm).Steps.OfType<CommandStep>().Should().ContainSingle();
    }
}
