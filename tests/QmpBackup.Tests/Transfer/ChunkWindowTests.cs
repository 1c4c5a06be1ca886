using QmpBackup.Transfer;

namespace QmpBackup.Tests.Transfer;

public sealed class ChunkWindowTests
{
    private readonly List<long> _collected = [];

    private ChunkWindow Window(long fails = -1) => new(8, chunk =>
    {
        if (chunk.First == fails)
            throw new IOException("no space");
        _collected.Add(chunk.First);
    });

    private static Chunk At(long first)
    {
        var chunk = new Chunk();
        chunk.Place(new BlockRun(first, first + 1, HasData: true, IsMarked: true), 1 << 30);
        return chunk;
    }

    [Fact]
    public async Task Behind_a_chunk_that_could_not_be_collected_none_is()
    {
        var window = Window(fails: 1);
        for (var first = 0; first < 4; first++)
            window.Send(At(first), Task.CompletedTask);
        await window.Awaiting(w => w.DrainAsync()).Should().ThrowAsync<IOException>();
        (await window.AbandonAsync()).Should().BeFalse("what was collected is no longer what is there");
        _collected.Should().Equal(0);
    }

    [Fact]
    public async Task One_that_cannot_be_collected_after_a_failure_still_waits_for_the_others()
    {
        var window = Window(fails: 1);
        var last = new TaskCompletionSource();
        foreach (var (first, work) in new[] { (0L, Task.CompletedTask), (1, Task.CompletedTask), (2, Task.FromException(new IOException())), (3, last.Task) })
            window.Send(At(first), work);
        var abandoned = window.AbandonAsync();
        abandoned.IsCompleted.Should().BeFalse("a buffer is in use");
        last.SetResult();
        (await abandoned).Should().BeFalse();
        _collected.Should().Equal(0);
    }

    [Fact]
    public async Task What_is_done_before_work_that_failed_counts()
    {
        var window = Window();
        foreach (var (first, work) in new[] { (0L, Task.CompletedTask), (1, Task.CompletedTask), (2, Task.FromException(new IOException())), (3, Task.CompletedTask) })
            window.Send(At(first), work);
        (await window.AbandonAsync()).Should().BeTrue();
        _collected.Should().Equal(0, 1);
    }
}
