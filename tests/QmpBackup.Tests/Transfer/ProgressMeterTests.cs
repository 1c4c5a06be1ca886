using Microsoft.Extensions.Time.Testing;
using QmpBackup.Hashes;
using QmpBackup.Transfer;

namespace QmpBackup.Tests.Transfer;

public sealed class ProgressMeterTests
{
    private const long Mib = 1 << 20;

    private readonly FakeTimeProvider _time = new();
    private readonly Reports _reports = new();

    private sealed class Reports : IProgress<PullProgress>
    {
        public List<PullProgress> All { get; } = [];

        public void Report(PullProgress value) => All.Add(value);
    }

    private void Pass(ProgressMeter meter, double seconds, long read)
    {
        _time.Advance(TimeSpan.FromSeconds(seconds));
        meter.Add(read, read);
    }

    [Fact]
    public void A_throttled_rate_never_shows_more_than_the_throttle()
    {
        var meter = new ProgressMeter(100 * Mib, _reports, _time, 8 * Mib);
        // The throttle lets the first chunks through at once.
        Pass(meter, 0.2, 3 * Mib);
        for (var i = 0; i < 30; i++)
            Pass(meter, 0.25, 2 * Mib);
        meter.Finish();
        _reports.All.Should().HaveCount(32).And.OnlyContain(p => p.BytesPerSecond <= 8 * Mib);
        _reports.All[^1].BytesPerSecond.Should().Be(8 * Mib);
    }

    [Fact]
    public void The_remaining_time_follows_the_bytes_read_and_does_not_jump()
    {
        var meter = new ProgressMeter(10_000 * Mib, _reports, _time);
        var random = new Random(1);
        for (var i = 0; i < 400; i++)
            Pass(meter, 0.25, random.Next(20, 31) * Mib);
        _reports.All[0].Remaining.Should().BeNull("the first moments do not allow an estimate");
        for (var i = 20; i < 399; i++)
        {
            var left = (_reports.All[i].Total - _reports.All[i].Done) / (100.0 * Mib);
            _reports.All[i].Remaining!.Value.TotalSeconds.Should().BeApproximately(left, 0.12 * left + 0.5, "report {0}", i);
        }
    }

    [Fact]
    public void The_total_shrinks_with_known_zeroes_and_the_rate_counts_only_bytes_read()
    {
        var meter = new ProgressMeter(4096 * Mib, _reports, _time);
        Pass(meter, 1, 8 * Mib);
        meter.Expect(-4000 * Mib);
        Pass(meter, 1, 8 * Mib);
        _reports.All.Select(p => p.Total).Should().Equal(4096 * Mib, 96 * Mib);
        _reports.All[1].Should().Be(new PullProgress(16 * Mib, 96 * Mib, 16 * Mib, 8 * Mib, TimeSpan.FromSeconds(10)));
        // Blocks that an earlier pull read count as done, but not for the rate of this pull.
        meter.Add(40 * Mib, 0);
        Pass(meter, 1, 8 * Mib);
        _reports.All[2].Should().Be(new PullProgress(64 * Mib, 96 * Mib, 24 * Mib, 8 * Mib, TimeSpan.FromSeconds(4)));
        meter.Finish();
        _reports.All[^1].Should().Match<PullProgress>(p => p.Done == p.Total && p.Total == 96 * Mib);
    }

    [Theory]
    [InlineData(1000, 1000)]
    [InlineData(8, 0)]
    [InlineData(500, 137)]
    public async Task The_map_sets_the_total_to_the_bytes_to_read(int expectedBlocks, int known)
    {
        const long Size = (1000 * HashBlock.Size) - 100;
        BlockRun[] runs = [new(0, 8, true, true), new(8, 900, false, true), new(900, 910, true, true), new(910, 999, false, true), new(999, 1000, true, true)];
        var meter = new ProgressMeter(expectedBlocks * (long)HashBlock.Size + known, _reports, _time);
        var map = new MapAhead(meter, Size, expectedBlocks * (long)HashBlock.Size + known);
        var passed = new List<BlockRun>();
        await foreach (var run in map.ReadAsync(Of(runs), TestContext.Current.CancellationToken))
            passed.Add(run);
        passed.Should().Equal(runs);
        Pass(meter, 1, 1);
        _reports.All.Single().Total.Should().Be((19 * HashBlock.Size) - 100);
    }

    [Fact]
    public async Task A_failure_of_the_map_comes_after_the_runs_before_it()
    {
        var map = new MapAhead(new ProgressMeter(0, _reports, _time), 1 << 30, 0);
        var passed = new List<BlockRun>();
        var read = async () =>
        {
            await foreach (var run in map.ReadAsync(Of([new(0, 8, true, true), new(8, 9, false, true)], new InvalidDataException("broken")), TestContext.Current.CancellationToken))
                passed.Add(run);
        };
        (await read.Should().ThrowAsync<InvalidDataException>()).WithMessage("broken");
        passed.Should().HaveCount(2);
    }

    private static async IAsyncEnumerable<BlockRun> Of(BlockRun[] runs, Exception? failure = null)
    {
        foreach (var run in runs)
        {
            await Task.Yield();
            yield return run;
        }

        if (failure is not null)
            throw failure;
    }
}
