using QmpBackup.Model;

namespace QmpBackup.Tests.Model;

public sealed class CheckpointOrderTests
{
    private static readonly DateTimeOffset Time = new(2026, 11, 23, 6, 47, 56, TimeSpan.Zero);

    private static readonly CheckpointId First = CheckpointId.Create(Time, "71effd");
    private static readonly CheckpointId SameSecond = CheckpointId.Create(Time, "2a32a2");
    private static readonly CheckpointId ClockSetBack = CheckpointId.Create(Time.AddHours(-1), "000001");

    [Fact]
    public void Two_checkpoints_of_the_same_second_keep_their_order() =>
        ChainOnDisk.Of(Node(Lasting(SameSecond, First), Given.Closed(Lasting(First))), ChainName.Default)
            .Lasting.Select(b => b.Checkpoint).Should().Equal(First, SameSecond);

    [Fact]
    public void A_clock_that_was_set_back_does_not_change_the_order()
    {
        var chain = ChainOnDisk.Of(Node(Lasting(ClockSetBack, SameSecond), Given.Closed(Lasting(SameSecond, First)), Given.Closed(Lasting(First))), ChainName.Default);
        chain.Lasting.Select(b => b.Checkpoint).Should().Equal(First, SameSecond, ClockSetBack);
        chain.Head!.Checkpoint.Should().Be(ClockSetBack);
    }

    [Fact]
    public void A_cycle_of_predecessors_ends_and_loses_no_bitmap() =>
        ChainOnDisk.Of(Node(Lasting(First, SameSecond), Given.Closed(Lasting(SameSecond, First))), ChainName.Default)
            .Lasting.Select(b => b.Checkpoint).Should().BeEquivalentTo([First, SameSecond]);

    private static BlockNode Node(string recording, params DirtyBitmap[] others) =>
        Given.Disk("a", [Given.Recording(recording), .. others]).Node;

    private static string Lasting(CheckpointId id, CheckpointId? after = null) => new CheckpointBitmapName(ChainName.Default, id, Predecessor: after).ToString();
}
