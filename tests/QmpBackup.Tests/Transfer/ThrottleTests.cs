using Microsoft.Extensions.Time.Testing;
using QmpBackup.Transfer;

namespace QmpBackup.Tests.Transfer;

public sealed class ThrottleTests
{
    [Fact]
    public void The_throttle_lets_no_more_through_than_the_rate()
    {
        var time = new FakeTimeProvider();
        var throttle = new Throttle(1000, time);
        time.Advance(TimeSpan.FromHours(1));
        var passed = 0;
        var waiting = throttle.WaitAsync(50, TestContext.Current.CancellationToken);
        for (var millisecond = 0; millisecond < 10_000; millisecond++)
        {
            for (; waiting.IsCompleted; passed += 50)
                waiting = throttle.WaitAsync(50, TestContext.Current.CancellationToken);
            time.Advance(TimeSpan.FromMilliseconds(1));
        }

        passed.Should().BeInRange(9000, 10_200);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_waiter_continues_at_its_time_or_when_it_is_cancelled()
    {
        var time = new FakeTimeProvider();
        var throttle = new Throttle(1000, time);
        var waiting = throttle.WaitAsync(5000, TestContext.Current.CancellationToken);
        waiting.IsCompleted.Should().BeFalse();
        using var stop = new CancellationTokenSource();
        var other = throttle.WaitAsync(5000, stop.Token);
        time.Advance(TimeSpan.FromSeconds(5));
        await waiting;
        other.IsCompleted.Should().BeFalse();
        await stop.CancelAsync();
        await other.Invoking(o => o).Should().ThrowAsync<OperationCanceledException>();
    }
}
