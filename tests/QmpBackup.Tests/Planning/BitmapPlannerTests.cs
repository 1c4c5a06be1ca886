using QmpBackup.Planning;
using static QmpBackup.Tests.Given;

namespace QmpBackup.Tests.Planning;

/// <summary>A bitmap is changed by hand with one command, or the plan says why it cannot be.</summary>
public sealed class BitmapPlannerTests
{
    private static readonly DirtyBitmap Busy = Recording("busy") with { IsBusy = true };

    // Disk a has a bitmap of every kind, b is raw, and the node "base" is no disk.
    private static readonly VmState State = WithBase(Vm(
        Disk("a", Recording("one"), Closed("two"), Busy, Inconsistent("broken"), Recording(Name(1)), new DirtyBitmap()), RawDisk("b")));

    [Theory]
    [InlineData(BitmapAction.Remove, "block-dirty-bitmap-remove", "Remove bitmap 'one' from disk a.")]
    [InlineData(BitmapAction.Clear, "block-dirty-bitmap-clear", "Clear bitmap 'one' on disk a: it forgets what it has recorded.")]
    [InlineData(BitmapAction.Enable, "block-dirty-bitmap-enable", "Enable bitmap 'one' on disk a: it records from now on.")]
    [InlineData(BitmapAction.Disable, "block-dirty-bitmap-disable", "Disable bitmap 'one' on disk a: it keeps what it has recorded.")]
    public void A_change_is_one_command_for_one_bitmap(BitmapAction action, string command, string summary)
    {
        var plan = Plan(action, "one", "dev-a");

        (plan.Action, plan.Summary).Should().Be((PlanAction.Bitmap, summary));
        Json(plan).Should().Be($$$"""{"execute":"{{{command}}}","arguments":{"node":"a","name":"one"}}""");
    }

    [Fact]
    public void A_new_bitmap_is_stored_in_the_image_where_that_is_possible()
    {
        Json(Plan(BitmapAction.Add, "new", "a")).Should().Contain("\"persistent\":true").And.NotContain("disabled").And.NotContain("granularity");
        Json(Plan(BitmapAction.Add, "new", "b")).Should().Contain("\"persistent\":false");
        Json(Plan(BitmapAction.Add, "new", "base")).Should().Contain("\"node\":\"base\"").And.Contain("\"persistent\":true");
        Json(BitmapPlanner.Plan(State, new BitmapRequest(BitmapAction.Add, "new") { Disk = "a", IsPersistent = false, IsDisabled = true, Granularity = 4096 }))
            .Should().Contain("\"granularity\":4096").And.Contain("\"persistent\":false").And.Contain("\"disabled\":true");
    }

    [Fact]
    public void A_merge_names_each_source_once()
    {
        var plan = BitmapPlanner.Plan(State, new BitmapRequest(BitmapAction.Merge, "two") { Disk = "a", Sources = ["one", Name(1), "one"] });

        Json(plan).Should().Be($$$"""{"execute":"block-dirty-bitmap-merge","arguments":{"node":"a","target":"two","bitmaps":["one","{{{Name(1)}}}"]}}""");
    }

    [Theory]
    [InlineData(BitmapAction.Add, "one", "There is a bitmap 'one' on disk a already.")]
    [InlineData(BitmapAction.Add, "", "A bitmap's name has 1 to 1023 bytes.")]
    [InlineData(BitmapAction.Remove, "gone", "There is no bitmap 'gone' on disk a.")]
    [InlineData(BitmapAction.Remove, "busy", "Bitmap 'busy' on disk a is in use by an export or a job.", BackupErrorCode.Busy)]
    [InlineData(BitmapAction.Clear, "busy", "Bitmap 'busy' on disk a is in use by an export or a job.", BackupErrorCode.Busy)]
    [InlineData(BitmapAction.Clear, "broken", "Bitmap 'broken' on disk a is inconsistent: *")]
    [InlineData(BitmapAction.Enable, "broken", "Bitmap 'broken' on disk a is inconsistent: *")]
    [InlineData(BitmapAction.Disable, "gone", "There is no bitmap 'gone' on disk a.")]
    [InlineData(BitmapAction.Merge, "broken", "Bitmap 'broken' on disk a is inconsistent: *")]
    public void What_QEMU_would_refuse_is_refused_with_the_reason(
        BitmapAction action, string bitmap, string message, BackupErrorCode code = BackupErrorCode.InvalidArgument)
    {
        var plan = () => BitmapPlanner.Plan(State, new BitmapRequest(action, bitmap) { Disk = "a", Sources = ["one"] });

        plan.Should().Throw<BackupException>().WithMessage(message).Which.Code.Should().Be(code);
    }

    [Theory]
    [InlineData("busy", "Bitmap 'busy' on disk a is in use by an export or a job.")]
    [InlineData("broken", "Bitmap 'broken' on disk a is inconsistent: *")]
    [InlineData("gone", "There is no bitmap 'gone' on disk a.")]
    public void A_merge_is_refused_if_one_source_cannot_be_read(string source, string message)
    {
        var plan = () => BitmapPlanner.Plan(State, new BitmapRequest(BitmapAction.Merge, "two") { Disk = "a", Sources = ["one", source] });

        plan.Should().Throw<BackupException>().WithMessage(message);
        var nothing = () => BitmapPlanner.Plan(State, new BitmapRequest(BitmapAction.Merge, "two") { Disk = "a" });
        nothing.Should().Throw<BackupException>().WithMessage("Nothing is named to be merged*");
    }

    [Fact]
    public void An_inconsistent_bitmap_can_be_removed() =>
        Json(Plan(BitmapAction.Remove, "broken", "a")).Should().Contain("block-dirty-bitmap-remove");

    [Theory]
    [InlineData(3)]
    [InlineData(1000)]
    [InlineData(1L << 32)]
    public void A_granularity_that_QEMU_does_not_have_is_refused(long granularity)
    {
        var plan = () => BitmapPlanner.Plan(State, new BitmapRequest(BitmapAction.Add, "new") { Disk = "a", Granularity = granularity });

        plan.Should().Throw<BackupException>().Where(e => e.Code == BackupErrorCode.InvalidArgument);
    }

    [Fact]
    public void Only_an_image_that_can_be_written_and_knows_bitmaps_stores_one()
    {
        var plan = () => BitmapPlanner.Plan(State, new BitmapRequest(BitmapAction.Add, "new") { Disk = "b", IsPersistent = true });
        plan.Should().Throw<BackupException>().WithMessage("The image of disk b cannot store bitmaps: that takes qcow2, version 3.")
            .Which.Remedy!.Features.Should().Equal(Feature.KeepInMemory);

        var disk = Disk("ro", Recording("one"));
        var readOnly = Vm(disk with { Node = disk.Node with { IsReadOnly = true } });
        foreach (var (action, name) in new[] { (BitmapAction.Add, "new"), (BitmapAction.Remove, "one"), (BitmapAction.Clear, "one") })
        {
            var refused = () => BitmapPlanner.Plan(readOnly, new BitmapRequest(action, name));
            refused.Should().Throw<BackupException>().WithMessage("Disk ro is read-only: *");
        }

        Json(BitmapPlanner.Plan(readOnly, new BitmapRequest(BitmapAction.Add, "new") { IsPersistent = false })).Should().Contain("\"node\":\"ro\"");
    }

    [Theory]
    [InlineData(BitmapAction.Add, "*the next backup would treat it as a checkpoint.")]
    [InlineData(BitmapAction.Remove, "*the next backup of this disk in its chain is a full one*")]
    [InlineData(BitmapAction.Clear, "*would be missing from the next increment*")]
    [InlineData(BitmapAction.Enable, "*would no longer say what changed when.")]
    [InlineData(BitmapAction.Disable, "*so that it will be a full one.")]
    [InlineData(BitmapAction.Merge, "*it would no longer say what changed when.")]
    public void A_bitmap_that_backups_rely_on_is_changed_only_by_force(BitmapAction action, string message)
    {
        var request = new BitmapRequest(action, Name(action == BitmapAction.Add ? 2 : 1)) { Disk = "a", Sources = ["one"] };
        var plan = () => BitmapPlanner.Plan(State, request);

        var failure = plan.Should().Throw<BackupException>().WithMessage(message).Which;
        (failure.Code, failure.Remedy!.Features.Single()).Should().Be((BackupErrorCode.InvalidArgument, Feature.ForceBitmap));
        BitmapPlanner.Plan(State, request with { Force = true }).Steps.Should().ContainSingle();
    }

    [Fact]
    public void Without_a_name_the_only_disk_that_the_guest_can_write_is_meant()
    {
        var cd = Disk("cd") with { IsReadOnly = true };
        Json(BitmapPlanner.Plan(Vm(cd, Disk("a")), new BitmapRequest(BitmapAction.Add, "new"))).Should().Contain("\"node\":\"a\"");

        var several = () => Plan(BitmapAction.Add, "new", null);
        several.Should().Throw<BackupException>().Where(e => e.Hint!.EndsWith(": a, b.")).Which.Remedy!.Features.Should().Equal(Feature.BitmapDisk);
        var none = () => BitmapPlanner.Plan(Vm(cd), new BitmapRequest(BitmapAction.Add, "new"));
        none.Should().Throw<BackupException>().Which.Remedy!.Features.Should().Equal(Feature.Inspect);
        var unknown = () => Plan(BitmapAction.Add, "new", "nope");
        unknown.Should().Throw<BackupException>().WithMessage("This VM has no disk 'nope'.");
    }

    [Fact]
    public void All_bitmaps_with_a_name_are_listed_with_their_place()
    {
        string Line(PlacedBitmap b) => $"{b.Place.Name}: {b.Bitmap!.Name}";

        BitmapPlanner.List(State, null).Select(Line).Should().Equal(
            "disk a: one", "disk a: two", "disk a: busy", "disk a: broken", $"disk a: {Name(1)}", "node base: old");
        BitmapPlanner.List(State, "base").Select(Line).Should().Equal("node base: old");
        BitmapPlanner.List(State, "b").Should().BeEmpty();
        var unknown = () => BitmapPlanner.List(State, "nope");
        unknown.Should().Throw<BackupException>();
    }

    private static BackupPlan Plan(BitmapAction action, string bitmap, string? disk) =>
        BitmapPlanner.Plan(State, new BitmapRequest(action, bitmap) { Disk = disk });

    private static string Json(BackupPlan plan) => plan.Steps.Should().ContainSingle().Which.Describe();

    private static VmState WithBase(VmState state) =>
        state with { Nodes = [.. state.Nodes, Disk("base", Closed("old")).Node] };
}
