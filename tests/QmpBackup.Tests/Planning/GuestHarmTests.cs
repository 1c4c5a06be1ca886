using System.Collections.Immutable;
using QmpBackup.Model;
using QmpBackup.Planning;

namespace QmpBackup.Tests.Planning;

public sealed class GuestHarmTests
{
    private static readonly VmDisk[] Disks = [Given.Disk("a") with { Top = "a" }, Given.Disk("b") with { Top = "b-throttle" }];

    private static VmState Stopped(VmState before, params string[] nodes)
    {
        var open = Given.Opened(before, StartPlanner.Plan(before, Given.Request()));
        return open with { RunState = "io-error", FailedNodes = [.. nodes] };
    }

    private static bool Resumes(VmState state) => AbortPlanner.Plan(state).Steps.Any(s => s.Describe().Contains("\"cont\"", StringComparison.Ordinal));

    [Theory]
    [InlineData(true, "filter")]
    [InlineData(true, "a")]
    [InlineData(true, "b-throttle", "filter")]
    [InlineData(false, "filter", "other")]
    [InlineData(false, "other")]
    [InlineData(false)]
    public void A_VM_is_resumed_if_only_nodes_of_the_backup_failed(bool isResumed, params string[] nodes)
    {
        var filter = new SessionNames(Given.Request().Point).Disk(0).Filter;
        Resumes(Stopped(Given.Vm(Disks), [.. nodes.Select(n => n == "filter" ? filter : n)])).Should().Be(isResumed);
    }

    [Fact]
    public void A_VM_that_stopped_before_the_backup_stays_stopped() =>
        Resumes(Stopped(Given.Vm(Disks) with { RunState = "io-error" }, "a")).Should().BeFalse();

    [Fact]
    public void A_VM_stays_stopped_if_the_scratch_image_cannot_have_failed_its_write() =>
        Resumes(Stopped(Given.Vm(Disks) with { Version = new Version(11, 1, 3), Features = Given.Qemu111 }, "a")).Should().BeFalse();

    [Fact]
    public void Only_failed_writes_on_the_disks_of_the_backup_since_its_start_count()
    {
        var before = Given.Vm(Disks) with { FailedWrites = Counts(("a", 5), ("b-throttle", 0), ("other", 0)) };
        var note = StartPlanner.Plan(before, Given.Request()).Note!;
        var filter = new SessionNames(Given.Request().Point).Disk(0).Filter;
        GuestHarm.Describe(note, Counts((filter, 5), ("b-throttle", 0), ("other", 7))).Should().BeNull();
        GuestHarm.Describe(note, Counts((filter, 6), ("b-throttle", 2), ("other", 7))).Should().StartWith("3 of").And.Contain("disk a, disk b ");
        GuestHarm.Describe(note, Counts(("a", 6))).Should().StartWith("1 of", "the job's filter has gone");
    }

    private static ImmutableDictionary<string, long> Counts(params (string Node, long Count)[] counts) => counts.ToImmutableDictionary(c => c.Node, c => c.Count);
}
