using System.Threading.Channels;
using Microsoft.Extensions.Time.Testing;

namespace QmpBackup.Tests.Execution;

/// <summary>A clock that only the test advances, and that reports each new timer.</summary>
internal sealed class Clock : FakeTimeProvider
{
    private readonly Channel<bool> _timers = Channel.CreateUnbounded<bool>();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        _timers.Writer.TryWrite(true);
        return timer;
    }

    /// <summary>Completes when the next timer was created.</summary>
    public Task TimerAsync() => _timers.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask();
}
