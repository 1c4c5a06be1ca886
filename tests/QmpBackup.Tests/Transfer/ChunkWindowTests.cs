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
    public async Task No_chunk_is_collected_after_one_that_failed()
    {
        var window = Window(fails: 1);
        for (var first = 0; first < 4; first++)
            window.Send(At(first), Task.CompletedTask);
        await window.Awaiting(w => w.DrainAsync()).Should().ThrowAsync<IOException>();
        (await window.AbandonAsync()).Should().BeFalse("the collected chunks are not all chunks");
        _collected.Should().Equal(0);
    }

    [Fact]
    public async Task Abandoning_waits_for_chunks_in_flight_even_after_a_failed_collection()
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
    public async Task Chunks_that_are_done_before_a_failed_one_count()
    {
        var window = Window();
        foreach (var (first, work) in new[] { (0L, Task.CompletedTask), (1, Task.CompletedTask), (2, Task.FromException(new IOException())), (3, Task.CompletedTask) })
            window.Send(At(first), work);
        (await window.AbandonAsync()).Should().BeTrue();
        _collected.Should().Equal(0, 1);
    }
}
