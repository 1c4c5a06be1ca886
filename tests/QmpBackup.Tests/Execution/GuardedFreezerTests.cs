using System.Diagnostics;
using QmpBackup.Testing;

namespace QmpBackup.Tests.Execution;

/// <summary>Guards that are slow, hang or die.</summary>
public sealed class GuardedFreezerTests : IAsyncDisposable
{
    private static readonly FreezeRequest Request = new() { Timeout = TimeSpan.FromSeconds(120) };

    private readonly TestDirectory _folder = TestDirectory.Create();
    private readonly Clock _clock = new();
    private bool _thawedWithoutGuard;

    public async ValueTask DisposeAsync() => await _folder.DisposeAsync();

    private async Task<GuardedFreezer> PreparedAsync(string script)
    {
        var guard = new ProcessStartInfo("/bin/sh") { WorkingDirectory = _folder.Path };
        foreach (var argument in (string[])["-c", "echo $$ > pid; read prepare; echo ok; read freeze; " + script])
            guard.ArgumentList.Add(argument);
        var freezer = new GuardedFreezer(guard, () =>
        {
            Directory.Exists("/proc/" + File.ReadAllText(_folder.File("pid")).Trim()).Should().BeFalse("it would hold the agent's only connection");
            _thawedWithoutGuard = true;
            return Task.CompletedTask;
        }, _clock);
        (await freezer.PrepareAsync(TestContext.Current.CancellationToken)).Should().BeNull();
        await _clock.TimerAsync();
        return freezer;
    }

    [Fact(Timeout = 30_000)]
    public async Task A_freeze_may_take_its_whole_timeout()
    {
        await using var freezer = await PreparedAsync("until [ -e frozen ]; do sleep 0.02; done; echo ok 2; read thaw; echo ok 7");
        var freezing = freezer.FreezeAsync(Request);
        await _clock.TimerAsync();
        _clock.Advance(Request.Timeout + AgentFreezer.ThawBudget);
        freezing.IsCompleted.Should().BeFalse();
        await File.WriteAllTextAsync(_folder.File("frozen"), "", TestContext.Current.CancellationToken);
        (await freezing).FileSystems.Should().Be(2);
        (await freezer.ThawAsync()).Should().Be(TimeSpan.FromTicks(7));
        _thawedWithoutGuard.Should().BeFalse();
    }

    [Fact(Timeout = 30_000)]
    public async Task A_guard_that_hangs_is_killed_before_the_guest_is_thawed_without_it()
    {
        await using var freezer = await PreparedAsync("until [ -e frozen ]; do sleep 0.02; done; echo ok 2; read thaw; echo ok 7");
        var freezing = freezer.FreezeAsync(Request);
        await _clock.TimerAsync();
        _clock.Advance(Request.Timeout + AgentFreezer.ThawBudget + TimeSpan.FromMinutes(1));
        var outcome = await freezing.WaitAsync(TestContext.Current.CancellationToken);
        outcome.IsFrozen.Should().BeFalse();
        outcome.Obstacle.Should().Contain("hangs");
        _thawedWithoutGuard.Should().BeTrue();
        (await freezer.ThawAsync()).Should().Be(TimeSpan.Zero);
    }

    [Theory(Timeout = 30_000)]
    [InlineData("", true)]
    [InlineData("read thaw; echo not bGF0ZQ==", false)]
    public async Task A_guard_that_dies_or_thaws_early_reports_no_freeze(string script, bool dies)
    {
        await using var freezer = await PreparedAsync("echo ok 2; " + script);
        (await freezer.FreezeAsync(Request).WaitAsync(TestContext.Current.CancellationToken)).IsFrozen.Should().BeTrue();
        (await freezer.ThawAsync()).Should().BeNull();
        _thawedWithoutGuard.Should().Be(dies);
    }
}
