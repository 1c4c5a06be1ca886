using System.Threading.Channels;
using QmpBackup.Hashes;
using QmpBackup.Transfer;

namespace QmpBackup.Tests.Transfer;

public sealed class BlockTransferTests
{
    private const int Window = 4;
    private const long Blocks = 1000;

    private readonly Source _source = new();
    private readonly Sink _sink = new();

    private Task RunAsync(CancellationToken cancellationToken = default) =>
        new BlockTransfer(_source, _sink, Window).RunAsync(cancellationToken);

    [Fact]
    public async Task Blocks_of_the_map_are_completed_in_order()
    {
        _source.Runs = [new(0, 10, true, true), new(10, 900, false, true), new(950, Blocks, true, true)];
        await RunAsync(TestContext.Current.CancellationToken);
        _sink.Completed.Should().Equal([.. Sequence(0, 10), .. Sequence(10, 890), .. Sequence(950, 50)]);
        _source.Reads.Should().Be(3 + 13, "a hole is not read");
        _sink.Saves.Should().Be(0, "saving after a failure is for failures");
    }

    [Fact]
    public async Task Window_limits_how_much_is_in_flight()
    {
        _source.Holds = true;
        var running = RunAsync(TestContext.Current.CancellationToken);
        await _source.WaitForAsync(Window);
        running.IsCompleted.Should().BeFalse();
        _source.InFlight.Should().Be(Window);
        _source.Release();
        await running;
        _source.MostInFlight.Should().Be(Window);
        _sink.Completed.Should().HaveCount((int)Blocks);
    }

    [Fact]
    public async Task First_failure_stops_the_transfer_and_what_was_done_before_it_is_saved()
    {
        _source.FailsAt = 40;
        (await this.Awaiting(t => t.RunAsync()).Should().ThrowAsync<IOException>()).WithMessage("block 40");
        _sink.Completed.Should().Equal(Sequence(0, 40));
        _sink.Saves.Should().Be(1);
        _source.Reads.Should().BeLessThanOrEqualTo(11 + Window);
    }

    [Fact]
    public async Task Failure_of_the_map_waits_for_the_chunks_in_flight()
    {
        (_source.Holds, _source.MapFailsAfter) = (true, 2);
        var running = RunAsync(TestContext.Current.CancellationToken);
        await _source.WaitForAsync(2);
        _source.FailMap();
        running.IsCompleted.Should().BeFalse("their buffers are in use");
        _source.Release();
        (await running.Awaiting(r => r).Should().ThrowAsync<IOException>()).WithMessage("the map");
        _source.InFlight.Should().Be(0);
    }

    [Fact]
    public async Task Cancellation_wins_over_the_failures_that_it_causes()
    {
        using var stop = new CancellationTokenSource();
        _source.Holds = true;
        var running = RunAsync(stop.Token);
        await _source.WaitForAsync(Window);
        await stop.CancelAsync();
        _source.Release(new IOException("cut off"));
        await running.Awaiting(r => r).Should().ThrowAsync<OperationCanceledException>();
        _source.InFlight.Should().Be(0);
    }

    [Fact]
    public async Task Closed_sink_receives_no_more_chunks()
    {
        _sink.ClosesAfter = 8;
        await RunAsync(TestContext.Current.CancellationToken);
        _sink.Completed.Should().HaveCountLessThanOrEqualTo((2 + Window) * Chunk.MaxBlocks);
    }

    private static IEnumerable<long> Sequence(long first, int count) => Enumerable.Range(0, count).Select(i => first + i);

    private sealed class Source : IBlockSource
    {
        private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _mapFails = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Channel<long> _begun = Channel.CreateUnbounded<long>();
        private readonly Lock _lock = new();
        private int _inFlight;
        private int _reads;

        public BlockRun[] Runs { get; set; } = [new(0, Blocks, true, true)];

        public long FailsAt { get; set; } = -1;

        public bool Holds { get; set; }

        public int MapFailsAfter { get; set; } = -1;

        public int InFlight => Volatile.Read(ref _inFlight);

        public int MostInFlight { get; private set; }

        public int Reads => Volatile.Read(ref _reads);

        public long Size => Blocks * HashBlock.Size;

        public async Task WaitForAsync(int reads)
        {
            for (var i = 0; i < reads; i++)
                await _begun.Reader.ReadAsync(TestContext.Current.CancellationToken);
        }

        public void Release(Exception? failure = null)
        {
            if (failure is null)
                _released.SetResult();
            else
                _released.SetException(failure);
        }

        public void FailMap() => _mapFails.SetException(new IOException("the map"));

        public async IAsyncEnumerable<BlockRun> MapAsync(
            [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
        {
            foreach (var run in Runs)
            {
                if (MapFailsAfter < 0)
                {
                    yield return run;
                    continue;
                }

                yield return run with { End = run.First + (MapFailsAfter * Chunk.MaxBlocks) };
                await _mapFails.Task;
            }
        }

        public async ValueTask ReadAsync(Chunk chunk, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _reads);
            lock (_lock)
                MostInFlight = Math.Max(MostInFlight, Interlocked.Increment(ref _inFlight));
            _begun.Writer.TryWrite(chunk.First);
            try
            {
                if (Holds)
                    await _released.Task;
                else
                    await Task.Yield();
                if (chunk.First == FailsAt)
                    throw new IOException($"block {FailsAt}");
            }
            finally
            {
                Interlocked.Decrement(ref _inFlight);
            }
        }
    }

    private sealed class Sink : IBlockSink
    {
        private int _written;

        public List<long> Completed { get; } = [];

        public int ClosesAfter { get; set; } = int.MaxValue;

        public int Saves { get; private set; }

        public bool IsClosed => Volatile.Read(ref _written) >= ClosesAfter;

        public ValueTask WriteAsync(Chunk chunk, CancellationToken cancellationToken)
        {
            Interlocked.Add(ref _written, (int)chunk.Count);
            return ValueTask.CompletedTask;
        }

        public Task ZeroAsync(Chunk chunk, CancellationToken cancellationToken) => Task.CompletedTask;

        public void Complete(Chunk chunk)
        {
            for (var i = 0; i < chunk.Count; i++)
                Completed.Add(chunk.First + i);
        }

        public Task SaveAfterFailureAsync()
        {
            Saves++;
            return Task.CompletedTask;
        }
    }
}
