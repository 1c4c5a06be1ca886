using System.Text;
using System.Threading.Channels;

namespace QmpBackup.Tests.Execution;

public sealed class FreezeGuardTests : IAsyncDisposable
{
    private sealed class Orders : TextReader
    {
        private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();

        public void Give(string order) => _lines.Writer.TryWrite(order);

        public void End() => _lines.Writer.Complete();

        public override async Task<string?> ReadLineAsync() => await _lines.Reader.WaitToReadAsync() && _lines.Reader.TryRead(out var line) ? line : null;
    }

    private sealed class Answers : TextWriter
    {
        private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();

        public override Encoding Encoding => Encoding.UTF8;

        public override async Task WriteLineAsync(string? value) => await _lines.Writer.WriteAsync(value!);

        public Task<string> NextAsync() => _lines.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask();
    }

    private sealed class Freezer : IGuestFreezer
    {
        private readonly TaskCompletionSource _thawed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Thawed => _thawed.Task;

        public int ThawsThatFail { get; set; }

        public int Thaws { get; private set; }

        public bool IsFrozen { get; private set; }

        public Task<string?> PrepareAsync(CancellationToken cancellationToken) => Task.FromResult<string?>(null);

        public Task<FreezeOutcome> FreezeAsync(FreezeRequest request)
        {
            IsFrozen = true;
            return Task.FromResult(new FreezeOutcome(2, null));
        }

        public Task<TimeSpan?> ThawAsync()
        {
            Thaws++;
            if (ThawsThatFail-- > 0)
                throw new BackupException(BackupErrorCode.FreezeFailed, "still frozen");
            IsFrozen = false;
            _thawed.TrySetResult();
            return Task.FromResult<TimeSpan?>(TimeSpan.FromTicks(7));
        }

        public async ValueTask DisposeAsync()
        {
            if (IsFrozen)
                await ThawAsync();
        }
    }

    private readonly Clock _clock = new();
    private readonly Orders _orders = new();
    private readonly Answers _answers = new();
    private readonly Freezer _freezer = new();

    public async ValueTask DisposeAsync()
    {
        _orders.Dispose();
        await _answers.DisposeAsync();
        await _freezer.DisposeAsync();
    }

    private async Task<Task> FrozenAsync()
    {
        var serving = FreezeGuard.ServeAsync(_orders, _answers, _freezer, new FreezeRequest(), _clock);
        _orders.Give(FreezeGuard.Freeze);
        (await _answers.NextAsync()).Should().Be("ok 2");
        await _clock.TimerAsync();
        return serving;
    }

    [Fact(Timeout = 30_000)]
    public async Task A_thaw_in_time_reports_how_long_the_guest_was_frozen()
    {
        var serving = await FrozenAsync();
        _clock.Advance(FreezeGuard.Limit - TimeSpan.FromSeconds(1));
        _orders.Give(FreezeGuard.Thaw);
        (await _answers.NextAsync()).Should().Be("ok 7");
        _orders.End();
        await serving.WaitAsync(TestContext.Current.CancellationToken);
        _freezer.Thaws.Should().Be(1);
    }

    [Fact(Timeout = 30_000)]
    public async Task Without_an_order_in_time_the_guest_is_thawed_and_counts_as_not_frozen()
    {
        var serving = await FrozenAsync();
        _clock.Advance(FreezeGuard.Limit);
        await _freezer.Thawed.WaitAsync(TestContext.Current.CancellationToken);
        _orders.Give(FreezeGuard.Thaw);
        (await _answers.NextAsync()).Should().StartWith("not ");
        _orders.End();
        await serving.WaitAsync(TestContext.Current.CancellationToken);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_thaw_that_fails_is_repeated()
    {
        _freezer.ThawsThatFail = 2;
        var serving = await FrozenAsync();
        for (var i = 0; i < 2; i++)
        {
            _clock.Advance(FreezeGuard.Limit);
            await _clock.TimerAsync();
        }

        _freezer.IsFrozen.Should().BeTrue();
        _clock.Advance(FreezeGuard.Limit);
        await _freezer.Thawed.WaitAsync(TestContext.Current.CancellationToken);
        _freezer.Thaws.Should().Be(3);
        _orders.End();
        await serving.WaitAsync(TestContext.Current.CancellationToken);
    }

    [Fact(Timeout = 30_000)]
    public async Task The_guest_is_thawed_when_the_orders_end()
    {
        var serving = await FrozenAsync();
        _orders.End();
        await serving.WaitAsync(TestContext.Current.CancellationToken);
        _freezer.IsFrozen.Should().BeFalse();
    }
}
