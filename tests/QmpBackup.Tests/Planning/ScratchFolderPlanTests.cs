using System.Collections.Immutable;
using QmpBackup.Model;
using QmpBackup.Planning;
using static QmpBackup.Tests.Given;

namespace QmpBackup.Tests.Planning;

/// <summary>Scratch folders are removed if names or a mark show that they belong to this VM, and no process uses them.</summary>
public sealed class ScratchFolderPlanTests
{
    private const string Uuid = "11111111-2222-3333-4444-555555555555";

    private static readonly VmState This = Vm(Disk("a", Recording(Name(1)))) with { Uuid = Uuid };

    private static ScratchFolder Left(VmState of, int n = 5) =>
        new("/srv/" + new SessionNames(Checkpoint(n)).Directory, Checkpoint(n).Tag) { IsPrivate = true, Mark = ScratchMark.Of(of, Checkpoint(n)) };

    private static IEnumerable<string> Removed(BackupPlan plan) => plan.Steps.OfType<RemoveFolderStep>().Select(s => s.Path);

    private static ImmutableArray<string> Remarks(VmState state) => [.. StatusReader.Read(state).Remarks.Select(r => r.ToString())];

    [Fact]
    public void A_folder_of_a_killed_QEMU_is_reported_and_the_next_start_or_abort_removes_it()
    {
        var folder = Left(This);
        var state = This with { ScratchFolders = [folder] };
        Removed(AbortPlanner.Plan(state)).Should().Equal(folder.Path);
        AbortPlanner.Plan(state).Summary.Should().Contain("No backup is open").And.NotContain("nothing to do");
        var start = StartPlanner.Plan(state, Request());
        Removed(start).First().Should().Be(folder.Path);
        start.Remarks.Should().ContainSingle().Which.Should().Contain(folder.Path);
        Remarks(state).Should().ContainSingle().Which.Should().Contain(folder.Path).And.Contain(Checkpoint(5).Value);
        var finish = () => FinishPlanner.Plan(state, keepBitmap: false);
        finish.Should().Throw<BackupException>().Where(e => e.Code == BackupErrorCode.NothingOpen);
    }

    [Fact]
    public void Many_folders_of_unknown_VMs_are_one_remark_with_their_number_and_the_first_of_them()
    {
        var folders = Enumerable.Range(1, 12).Select(n => Left(This, n) with { Mark = null }).ToList();

        Remarks(This with { ScratchFolders = [.. folders.Take(1)] }).Should().ContainSingle().Which.Should().StartWith($"Scratch folder {folders[0].Path} is left over");
        Remarks(This with { ScratchFolders = [.. folders.Take(3)] }).Should().ContainSingle().Which.Should().StartWith("3 scratch folders are left over")
            .And.EndWith($": {folders[0].Path}, {folders[1].Path}, {folders[2].Path}.");
        Remarks(This with { ScratchFolders = [.. folders] }).Should().ContainSingle().Which.Should().StartWith("12 scratch folders are left over")
            .And.EndWith($"{folders[2].Path}, and 9 more.").And.NotContain(folders[3].Path);
    }

    public static TheoryData<string, Func<VmState, VmState>, bool> ToBeLeft => new()
    {
        { "a process uses it", vm => vm with { ScratchFolders = [vm.ScratchFolders[0] with { IsHeld = true }] }, false },
        { "others can write in it", vm => vm with { ScratchFolders = [vm.ScratchFolders[0] with { IsPrivate = false }] }, false },
        { "it has no mark", vm => vm with { ScratchFolders = [vm.ScratchFolders[0] with { Mark = null }] }, true },
        { "it belongs to a VM with another UUID", vm => vm with { Uuid = Uuid.Replace('1', '9') }, false },
        { "this VM has no UUID", vm => vm with { Uuid = null }, true },
        { "it belongs to a clone with the same UUID and other images", vm => Vm(Disk("b")) with { ScratchFolders = vm.ScratchFolders, Uuid = Uuid }, true },
        { "QEMU runs on another host", vm => vm with { Process = null }, false },
    };

    [Theory]
    [MemberData(nameof(ToBeLeft))]
    public void A_folder_that_may_belong_to_another_VM_stays(string because, Func<VmState, VmState> change, bool isNamed)
    {
        var folder = Left(This);
        var state = change(This with { ScratchFolders = [folder] });
        Removed(AbortPlanner.Plan(state)).Should().BeEmpty(because);
        Removed(StartPlanner.Plan(state, Request())).Should().NotContain(folder.Path, because);
        Remarks(state).Any(r => r.Contains(folder.Path)).Should().Be(isNamed, because);
    }

    [Theory]
    [InlineData("/vm/a.qcow2", "/vm/a.qcow2", true)]
    [InlineData("/vm/a.qcow2", "/vm/b.qcow2", false)]
    [InlineData("a.qcow2", "a.qcow2", null)]
    public void Without_a_UUID_an_absolute_image_path_identifies_the_VM(string made, string now, bool? isIt)
    {
        VmState With(string file) => Vm(Disk("a") is var disk ? disk with { Node = disk.Node with { FileName = file } } : disk);
        ScratchMark.Of(With(made), Checkpoint(5)).IsOf(With(now)).Should().Be(isIt);
    }

    [Fact]
    public void An_image_that_two_VMs_may_use_identifies_no_VM()
    {
        var shared = Vm(Disk("a") with { IsShared = true }, Disk("b") with { IsReadOnly = true });
        ScratchMark.Of(shared, Checkpoint(5)).IsOf(shared).Should().BeNull();
    }

    [Fact]
    public void The_folder_of_the_open_backup_is_neither_reported_nor_removed_twice()
    {
        var plan = StartPlanner.Plan(This, Request());
        var open = Opened(This.With(Closed(Name(1)), Recording(Name(9, after: 1, open: true))), plan);
        var folder = new ScratchFolder(plan.Note!.ScratchFolder!, Checkpoint(9).Tag) { IsPrivate = true, Mark = ScratchMark.Of(This, Checkpoint(9)) };
        var state = open with { ScratchFolders = [folder, Left(This)] };
        Removed(AbortPlanner.Plan(state)).Should().Equal(folder.Path, Left(This).Path);
        AbortPlanner.Plan(state).Steps[^1].Should().BeOfType<RemoveFolderStep>("a file system that hangs must not keep the backup open");
        Removed(FinishPlanner.Plan(state, keepBitmap: false)).Should().Equal(folder.Path);
        Remarks(state).Should().ContainSingle().Which.Should().Contain(Left(This).Path);
    }

    [Fact]
    public void Without_its_note_and_nodes_the_folder_of_an_open_backup_is_found_by_its_tag()
    {
        var names = new SessionNames(Checkpoint(9));
        var folder = Left(This, 9);
        var state = This with { ScratchFolders = [folder], Jobs = [new VmJob(names.Disk(0).CreateFileJob, "create", "running")] };
        Removed(AbortPlanner.Plan(state)).Should().Equal(folder.Path);
    }

    [Fact]
    public void The_folder_of_an_interrupted_backup_is_found_by_the_tag_of_its_bitmap()
    {
        var interrupted = This.With(Closed(Name(1)), Recording(Name(9, after: 1, open: true)));
        var folder = Left(This, 9) with { Mark = null };
        Removed(AbortPlanner.Plan(interrupted with { ScratchFolders = [folder] })).Should().Equal(folder.Path);
        Removed(FinishPlanner.Plan(interrupted with { ScratchFolders = [folder] }, keepBitmap: false)).Should().Equal(folder.Path);
        Removed(StartPlanner.Plan(interrupted with { ScratchFolders = [folder] }, Request(10))).First().Should().Be(folder.Path);
        // A copy of the disk has the same bitmap.
        var others = Left(This with { Uuid = Uuid.Replace('1', '9') }, 9);
        Removed(AbortPlanner.Plan(interrupted with { ScratchFolders = [others] })).Should().BeEmpty();
    }

    [Fact]
    public void A_mark_is_valid_only_in_the_folder_of_its_checkpoint()
    {
        var text = ScratchMark.Of(This, Checkpoint(5)).ToJson();
        ScratchMark.TryParse(text, Checkpoint(5).Tag)!.IsOf(This).Should().BeTrue();
        ScratchMark.TryParse(text, Checkpoint(6).Tag).Should().BeNull();
        foreach (var broken in new[] { "", "{}", "[]", "null", "{\"checkpoint\":null}", "{\"checkpoint\":\"" + Checkpoint(5) + "\",\"images\":null}", "{\"checkpoint\":\"" + Checkpoint(5) + "\",\"images\":[null]}", "{\"checkpoint\":\"\\ud800\"}" })
            ScratchMark.TryParse(System.Text.Encoding.UTF8.GetBytes(broken), Checkpoint(5).Tag)?.IsOf(This with { Uuid = null }).Should().BeNull(broken);
    }
}
