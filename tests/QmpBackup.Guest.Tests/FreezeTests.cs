using QmpBackup.Qmp;
using QmpBackup.Qmp.Agent;

namespace QmpBackup.Guest.Tests;

public sealed class FreezeTests(GuestFixture fixture) : IClassFixture<GuestFixture>
{
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(60);

    [Fact(Timeout = 120_000)]
    public async Task A_frozen_guest_stops_writing_and_continues_after_the_thaw()
    {
        var token = TestContext.Current.CancellationToken;
        var vm = fixture.Vm;
        await vm.WaitForRoundsAsync(3, token);
        await using var agent = await AgentOf.ConnectAsync(vm, token);

        var freeze = await GuestFreeze.FreezeAsync(agent, null, token);
        var status = await agent.GuestFsfreezeStatusAsync(token);

        // The record under way was written before the freeze; its message may come after.
        var rounds = vm.Rounds;
        (await vm.RunAsync("sleep 1; cat /proc/mounts", token)).Stdout.Should().Contain("/mnt/a");
        var later = vm.Rounds;
        var result = await freeze.ThawAsync(Budget);

        status.Should().Be(GuestFsfreezeStatus.Frozen);
        later.Should().BeLessThanOrEqualTo(rounds + 1);
        freeze.FileSystems.Should().Be(2);
        result.FileSystems.Should().Be(2);
        freeze.Window.Should().BeGreaterThan(TimeSpan.FromSeconds(1));
        (await agent.GuestFsfreezeStatusAsync(token)).Should().Be(GuestFsfreezeStatus.Thawed);
        await vm.WaitForRoundsAsync(3, token);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_list_of_mount_points_freezes_only_those()
    {
        var token = TestContext.Current.CancellationToken;
        await using var agent = await AgentOf.ConnectAsync(fixture.Vm, token);

        await using (var one = await GuestFreeze.FreezeAsync(agent, new GuestFreezeOptions { Mountpoints = ["/mnt/a", "/nope"] }, token))
            one.FileSystems.Should().Be(1);

        await using var none = await GuestFreeze.FreezeAsync(agent, new GuestFreezeOptions { Mountpoints = ["/nope"] }, token);
        none.IsFrozen.Should().BeFalse();
        (await none.ThawAsync(Budget)).Attempts.Should().Be(0);
        await fixture.Vm.WaitForRoundsAsync(2, token);
    }

    [Fact(Timeout = 120_000)]
    public async Task While_frozen_few_commands_are_allowed_and_a_second_freeze_is_refused()
    {
        var token = TestContext.Current.CancellationToken;
        await using var agent = await AgentOf.ConnectAsync(fixture.Vm, token);
        await using var freeze = await GuestFreeze.FreezeAsync(agent, null, token);

        Func<Task> other = () => agent.GuestGetOsinfoAsync(token);
        Func<Task> second = () => GuestFreeze.FreezeAsync(agent, null, token);

        (await other.Should().ThrowAsync<GuestAgentCommandUnavailableException>()).Which.Reason
            .Should().Be(GuestAgentCommandUnavailableReason.Disabled);
        (await second.Should().ThrowAsync<GuestAgentCommandUnavailableException>()).Which.Reason
            .Should().Be(GuestAgentCommandUnavailableReason.AlreadyFrozen);
        await agent.GuestPingAsync(token);
        await freeze.ThawAsync(Budget);
        (await agent.GuestGetOsinfoAsync(token)).Machine.Should().Be("x86_64");
    }

    [Fact(Timeout = 120_000)]
    public async Task A_freeze_that_a_slow_hook_delays_past_its_timeout_is_thawed()
    {
        var token = TestContext.Current.CancellationToken;
        var vm = fixture.Vm;
        await using var agent = await AgentOf.ConnectAsync(vm, token);
        await vm.SetHookSecondsAsync(4, token);
        try
        {
            Func<Task> act = () => GuestFreeze.FreezeAsync(agent, new GuestFreezeOptions { Timeout = TimeSpan.FromSeconds(2) }, token);

            (await act.Should().ThrowAsync<GuestAgentTimeoutException>()).Which.CommandName.Should().Be("guest-fsfreeze-freeze");
            (await agent.GuestFsfreezeStatusAsync(token)).Should().Be(GuestFsfreezeStatus.Thawed);
            await vm.WaitForRoundsAsync(3, token);
        }
        finally
        {
            await vm.SetHookSecondsAsync(0, token);
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task A_thaw_without_a_waiting_client_still_ends_a_late_freeze()
    {
        var token = TestContext.Current.CancellationToken;
        var vm = fixture.Vm;
        await vm.SetHookSecondsAsync(4, token);
        try
        {
            var agent = await AgentOf.ConnectAsync(vm, token);
            Func<Task> act = () => GuestFreeze.FreezeAsync(
                agent, new GuestFreezeOptions { Timeout = TimeSpan.FromSeconds(2), ThawBudget = TimeSpan.FromMilliseconds(100) }, token);
            await act.Should().ThrowAsync<GuestThawException>();
            await agent.DisposeAsync();

            // The hook still runs; the thaw is queued behind it.
            await using var second = await AgentOf.ConnectAsync(vm, token);
            (await second.GuestFsfreezeStatusAsync(token)).Should().Be(GuestFsfreezeStatus.Thawed);
            await vm.WaitForRoundsAsync(3, token);
        }
        finally
        {
            await vm.SetHookSecondsAsync(0, token);
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task A_hook_that_fails_during_the_freeze_leaves_nothing_frozen()
    {
        var token = TestContext.Current.CancellationToken;
        var vm = fixture.Vm;
        await using var agent = await AgentOf.ConnectAsync(vm, token);
        (await vm.RunAsync("touch /tmp/hook-fails-freeze", token)).EnsureSuccess();
        try
        {
            Func<Task> act = () => GuestFreeze.FreezeAsync(agent, null, token);

            await act.Should().ThrowAsync<GuestAgentCommandException>();
            (await agent.GuestFsfreezeStatusAsync(token)).Should().Be(GuestFsfreezeStatus.Thawed);
            await vm.WaitForRoundsAsync(2, token);
        }
        finally
        {
            await vm.RunAsync("rm /tmp/hook-fails-freeze", token);
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task A_hook_that_fails_during_the_thaw_gives_an_error_and_the_guest_is_thawed()
    {
        var token = TestContext.Current.CancellationToken;
        var vm = fixture.Vm;
        await using var agent = await AgentOf.ConnectAsync(vm, token);
        (await vm.RunAsync("touch /tmp/hook-fails-thaw", token)).EnsureSuccess();
        try
        {
            var freeze = await GuestFreeze.FreezeAsync(agent, null, token);

            var result = await freeze.ThawAsync(Budget);

            result.FileSystems.Should().BeNull();
            result.Attempts.Should().Be(1);
            await vm.WaitForRoundsAsync(2, token);
        }
        finally
        {
            await vm.RunAsync("rm /tmp/hook-fails-thaw", token);
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task A_guest_whose_agent_was_killed_while_frozen_is_thawed_when_the_agent_is_back()
    {
        var token = TestContext.Current.CancellationToken;
        var vm = fixture.Vm;
        await using var agent = await AgentOf.ConnectAsync(vm, token);
        var freeze = await GuestFreeze.FreezeAsync(agent, null, token);
        await vm.KillAgentAsync(token);

        Func<Task> tooShort = () => freeze.ThawAsync(TimeSpan.FromSeconds(1));
        (await tooShort.Should().ThrowAsync<GuestThawException>()).WithMessage($"*guest-fsfreeze-thaw*to {vm.AgentEndpoint}*");
        var rounds = vm.Rounds;
        var thaw = freeze.ThawAsync(Budget);
        (await vm.RunAsync("/sbin/lab-agent > /dev/null 2>&1 &", token)).EnsureSuccess();
        await thaw;

        freeze.IsFrozen.Should().BeFalse();
        vm.Rounds.Should().BeGreaterThanOrEqualTo(rounds);
        await vm.WaitForRoundsAsync(3, token);
        (await agent.GuestFsfreezeStatusAsync(token)).Should().Be(GuestFsfreezeStatus.Thawed);
    }
}
