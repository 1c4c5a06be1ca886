using Microsoft.Extensions.Time.Testing;
using QmpBackup.Qmp.Agent;
using QmpBackup.Testing;

namespace QmpBackup.Qmp.Tests.GuestAgent;

public sealed class GuestFreezeTests : AgentTest
{
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(40);

    /// <summary>Short time limits for faults that hang. A test repeats what a busy machine is too slow for.</summary>
    private static GuestAgentOptions Impatient => Options() with
    {
        SyncTimeout = TimeSpan.FromMilliseconds(300),
        CommandTimeout = TimeSpan.FromSeconds(2),
    };

    private static GuestFreezeOptions Freezing => new() { Timeout = TimeSpan.FromSeconds(1), ThawBudget = Budget };

    [Fact(Timeout = 60_000)]
    public async Task No_command_is_sent_between_freeze_and_thaw()
    {
        var token = TestContext.Current.CancellationToken;
        var client = Client();

        var freeze = await GuestFreeze.FreezeAsync(client, new GuestFreezeOptions { Timeout = Ample }, token);
        var frozen = Agent.IsFrozen;
        var known = freeze.IsFrozen;
        var result = await freeze.ThawAsync(Budget);

        (frozen, known, freeze.IsFrozen, Agent.IsFrozen).Should().Be((true, true, false, false));
        freeze.FileSystems.Should().Be(2);
        result.Should().Match<GuestThawResult>(one => one.FileSystems == 2 && one.Attempts == 1);
        freeze.RequestedAt.Should().BeOnOrBefore(freeze.FrozenAt!.Value);
        freeze.FrozenAt.Value.Should().BeOnOrBefore(freeze.ThawedAt!.Value);
        freeze.Window.Should().BePositive();
        Agent.Calls.Select(call => call.Name).Should().Equal(
            "guest-sync-delimited", "guest-info", "guest-fsfreeze-freeze", "guest-fsfreeze-thaw", "guest-fsfreeze-status");
        var interval = Agent.FreezeIntervals.Should().ContainSingle().Subject;
        freeze.RequestedAt.Should().BeOnOrBefore(interval.Frozen);
        freeze.ThawedAt.Value.Should().BeOnOrAfter(interval.Thawed!.Value);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_second_thaw_and_disposing_send_nothing()
    {
        var token = TestContext.Current.CancellationToken;
        var client = Client();
        await using (var freeze = await GuestFreeze.FreezeAsync(client, null, token))
        {
            var first = await freeze.ThawAsync(Budget);
            (await freeze.ThawAsync(Budget)).Should().Be(first);
        }

        Count("guest-fsfreeze-thaw").Should().Be(1);
    }

    [Fact(Timeout = 60_000)]
    public async Task Disposing_thaws()
    {
        var token = TestContext.Current.CancellationToken;
        var client = Client();
        await using (await GuestFreeze.FreezeAsync(client, null, token))
            Agent.IsFrozen.Should().BeTrue();

        Agent.IsFrozen.Should().BeFalse();
    }

    [Fact(Timeout = 60_000)]
    public async Task Only_the_given_mount_points_are_frozen()
    {
        var token = TestContext.Current.CancellationToken;
        var client = Client();

        await using var freeze = await GuestFreeze.FreezeAsync(client, new GuestFreezeOptions { Mountpoints = ["/a", "/b\"x"] }, token);

        Agent.Calls.Single(call => call.Name == "guest-fsfreeze-freeze-list").Message.Should().Contain("""{"mountpoints":["/a","/b\"x"]}""");
        Count("guest-fsfreeze-freeze").Should().Be(0);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_freeze_of_no_file_system_needs_no_thaw()
    {
        var token = TestContext.Current.CancellationToken;
        Agent.FileSystems = 0;
        var client = Client();

        var freeze = await GuestFreeze.FreezeAsync(client, null, token);
        var result = await freeze.ThawAsync(Budget);

        freeze.IsFrozen.Should().BeFalse();
        freeze.FrozenAt.Should().BeNull();
        freeze.Window.Should().BeNull();
        result.Attempts.Should().Be(0);
        Count("guest-fsfreeze-status").Should().Be(1);
        Count("guest-fsfreeze-thaw").Should().Be(0);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_freeze_that_succeeds_too_late_is_thawed_at_once()
    {
        var token = TestContext.Current.CancellationToken;
        var time = new FakeTimeProvider();
        var release = new TaskCompletionSource();
        var client = Client(Options(time));
        var rule = Agent.On("guest-fsfreeze-freeze").Late(release.Task);

        var call = GuestFreeze.FreezeAsync(client, new GuestFreezeOptions { Timeout = Ample, ThawBudget = Ample * 10 }, token);
        await rule.Hit.WaitAsync(token);
        time.Advance(Ample);
        release.SetResult();

        Func<Task> act = () => call;
        (await act.Should().ThrowAsync<GuestAgentTimeoutException>()).Which.CommandName.Should().Be("guest-fsfreeze-freeze");
        Agent.IsFrozen.Should().BeFalse();
        Agent.FreezeIntervals.Should().HaveCount(1);
        Agent.Calls.Select(one => one.Name).Should().EndWith(
            ["guest-fsfreeze-freeze", "guest-sync-delimited", "guest-fsfreeze-thaw", "guest-fsfreeze-status"]);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_thaw_that_timed_out_still_thaws_a_late_freeze()
    {
        var token = TestContext.Current.CancellationToken;
        var release = new TaskCompletionSource();
        var client = Client(Impatient);
        Agent.On("guest-fsfreeze-freeze").Late(release.Task);

        Func<Task> act = () => GuestFreeze.FreezeAsync(
            client, Freezing with { Timeout = TimeSpan.FromSeconds(2), ThawBudget = TimeSpan.FromMilliseconds(600) }, token);
        await act.Should().ThrowAsync<GuestThawException>();
        await client.DisposeAsync();
        release.SetResult();

        var second = Client();
        (await second.GuestFsfreezeStatusAsync(token)).Should().Be(GuestFsfreezeStatus.Thawed);
        Agent.FreezeIntervals.Should().ContainSingle().Which.Thawed.Should().NotBeNull();
    }

    [Fact(Timeout = 60_000)]
    public async Task A_cancelled_freeze_is_thawed_before_the_call_returns()
    {
        var token = TestContext.Current.CancellationToken;
        var release = new TaskCompletionSource();
        var client = Client();
        var rule = Agent.On("guest-fsfreeze-freeze").Late(release.Task);
        using var cancel = new CancellationTokenSource();

        var call = GuestFreeze.FreezeAsync(client, Freezing with { Timeout = Ample }, cancel.Token);
        await rule.Hit.WaitAsync(token);
        await cancel.CancelAsync();
        release.SetResult();

        Func<Task> act = () => call;
        await act.Should().ThrowAsync<OperationCanceledException>();
        Agent.IsFrozen.Should().BeFalse();
        Agent.FreezeIntervals.Should().HaveCount(1);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_freeze_that_is_cancelled_before_it_is_sent_is_never_sent()
    {
        var token = TestContext.Current.CancellationToken;
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(token);
        await cancel.CancelAsync();

        Func<Task> act = () => GuestFreeze.FreezeAsync(Client(), null, cancel.Token);

        await act.Should().ThrowAsync<OperationCanceledException>();
        Agent.Calls.Should().BeEmpty();
    }

    public static TheoryData<string> FreezeFaults =>
        ["hang", "hang acts", "garbage acts", "flood acts", "die", "die acts", "fail", "fail acts", "negative", "zero acts", "text", "unknown acts"];

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(FreezeFaults))]
    public async Task A_failed_freeze_leaves_nothing_frozen(string fault)
    {
        var token = TestContext.Current.CancellationToken;
        Apply(Agent.On("guest-fsfreeze-freeze"), fault);
        var client = Client(Impatient);

        // On a very busy machine an earlier step may fail, which is fine too.
        Func<Task> act = () => GuestFreeze.FreezeAsync(client, Freezing, token);

        (await act.Should().ThrowAsync<GuestAgentException>()).Which.Should().NotBeOfType<GuestThawException>();
        Agent.IsFrozen.Should().BeFalse();
    }

    public static TheoryData<string> ThawFaults =>
        ["hang", "hang acts", "garbage", "garbage acts", "flood", "die", "die acts", "fail", "fail acts", "claim", "text", "unknown"];

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(ThawFaults))]
    public async Task A_failed_thaw_is_repeated_until_the_guest_says_that_it_is_thawed(string fault)
    {
        var token = TestContext.Current.CancellationToken;
        var client = Client(Impatient);
        var freeze = await FreezeAsync(client, token);
        Apply(Agent.On("guest-fsfreeze-thaw"), fault);

        var result = await freeze.ThawAsync(Budget).WaitAsync(token);

        Agent.IsFrozen.Should().BeFalse();
        freeze.IsFrozen.Should().BeFalse();
        freeze.ThawedAt.Should().Be(result.ThawedAt);
        if (fault == "fail acts")
            result.FileSystems.Should().BeNull("the agent did not say");
    }

    [Theory(Timeout = 120_000)]
    [InlineData("hang")]
    [InlineData("garbage")]
    [InlineData("flood")]
    [InlineData("die")]
    [InlineData("fail")]
    [InlineData("text")]
    [InlineData("unknown")]
    public async Task A_failed_status_is_read_again(string fault)
    {
        var token = TestContext.Current.CancellationToken;
        var client = Client(Impatient);
        var freeze = await FreezeAsync(client, token);
        Apply(Agent.On("guest-fsfreeze-status"), fault);

        await freeze.ThawAsync(Budget).WaitAsync(token);

        Agent.IsFrozen.Should().BeFalse();
    }

    [Theory(Timeout = 300_000)]
    [InlineData("hang")]
    [InlineData("hang acts")]
    [InlineData("garbage")]
    [InlineData("garbage acts")]
    [InlineData("flood")]
    [InlineData("die")]
    [InlineData("die acts")]
    [InlineData("fail")]
    [InlineData("fail acts")]
    public async Task The_guest_is_thawed_after_any_fault_at_any_step(string fault)
    {
        var token = TestContext.Current.CancellationToken;
        for (var step = 0; step < 8; step++)
        {
            await using var agent = new FakeAgent(Directory.File($"step{step}"));
            await using var client = GuestAgentClient.Create(QmpEndpoint.Parse(agent.Endpoint), Impatient);
            Apply(agent.OnStep(step), fault);
            try
            {
                await using var freeze = await GuestFreeze.FreezeAsync(client, Freezing, token);
            }
            catch (GuestAgentException exception)
            {
                exception.Should().NotBeOfType<GuestThawException>();
            }

            agent.IsFrozen.Should().BeFalse($"after \"{fault}\" at step {step}: {string.Join(", ", agent.Calls.Select(call => call.Name))}");
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task A_guest_that_stays_frozen_is_reported_with_a_way_to_thaw_it()
    {
        var token = TestContext.Current.CancellationToken;
        var client = Client();
        var freeze = await GuestFreeze.FreezeAsync(client, null, token);
        Agent.OnEvery("guest-fsfreeze-thaw").Fail(description: "hook says \u001b[31mno");

        Func<Task> act = () => freeze.ThawAsync(TimeSpan.FromSeconds(1));

        var exception = (await act.Should().ThrowAsync<GuestThawException>()).Which;
        exception.Endpoint!.ToString().Should().Be(Agent.Endpoint);
        exception.Message.Should().Contain($"to {Agent.Endpoint}").And.Contain("guest-fsfreeze-thaw")
            .And.Contain("frozen").And.NotContain("\u001b");
        exception.Budget.Should().Be(TimeSpan.FromSeconds(1));
        freeze.IsFrozen.Should().BeTrue();
        Count("guest-fsfreeze-thaw").Should().BeGreaterThan(1);
        Agent.SetFrozen(false);
        await freeze.ThawAsync(Budget);
        freeze.IsFrozen.Should().BeFalse();
    }

    [Fact(Timeout = 60_000)]
    public async Task A_guest_that_lies_about_its_thaw_is_not_believed()
    {
        var token = TestContext.Current.CancellationToken;
        var client = Client();
        var freeze = await GuestFreeze.FreezeAsync(client, null, token);
        Agent.OnEvery("guest-fsfreeze-thaw").Return("2", acts: false);

        Func<Task> act = () => freeze.ThawAsync(TimeSpan.FromSeconds(1));

        await act.Should().ThrowAsync<GuestThawException>();
        Agent.SetFrozen(false);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_guest_that_thawed_by_itself_shows_in_the_result()
    {
        var token = TestContext.Current.CancellationToken;
        var client = Client();
        var freeze = await GuestFreeze.FreezeAsync(client, null, token);
        Agent.SetFrozen(false);

        (await freeze.ThawAsync(Budget)).FileSystems.Should().Be(0);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_guest_that_another_client_froze_is_left_alone()
    {
        var token = TestContext.Current.CancellationToken;
        var client = Client();
        await client.GuestGetOsinfoAsync(token);
        Agent.SetFrozen(true);

        Func<Task> act = () => GuestFreeze.FreezeAsync(client, null, token);

        var exception = (await act.Should().ThrowAsync<GuestAgentCommandUnavailableException>()).Which;
        exception.Reason.Should().Be(GuestAgentCommandUnavailableReason.AlreadyFrozen);
        exception.Message.Should().Contain("guest-fsfreeze-thaw").And.NotContain("qbackup");
        Agent.IsFrozen.Should().BeTrue();
        Count("guest-fsfreeze-freeze").Should().Be(0);
    }

    [Fact(Timeout = 60_000)]
    public async Task An_agent_that_must_not_freeze_is_reported()
    {
        var token = TestContext.Current.CancellationToken;
        Agent.Disabled.Add("guest-fsfreeze-freeze");

        Func<Task> act = () => GuestFreeze.FreezeAsync(Client(), null, token);

        (await act.Should().ThrowAsync<GuestAgentCommandUnavailableException>()).Which.Reason
            .Should().Be(GuestAgentCommandUnavailableReason.Disabled);
        Count("guest-fsfreeze-thaw").Should().Be(0);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_guest_that_was_left_frozen_can_be_thawed()
    {
        var token = TestContext.Current.CancellationToken;
        Agent.SetFrozen(true);

        var result = await GuestFreeze.ThawGuestAsync(Client(), Budget).WaitAsync(token);

        result.FileSystems.Should().Be(2);
        Agent.IsFrozen.Should().BeFalse();
    }

    [Fact(Timeout = 60_000)]
    public async Task Thawing_without_an_agent_ends_with_the_budget()
    {
        var token = TestContext.Current.CancellationToken;
        await using var client = GuestAgentClient.Create(QmpEndpoint.Parse(Directory.File("none")), Options());

        Func<Task> act = () => GuestFreeze.ThawGuestAsync(client, TimeSpan.FromMilliseconds(500)).WaitAsync(token);

        (await act.Should().ThrowAsync<GuestThawException>()).WithInnerException<GuestAgentUnavailableException>();
    }

    private static async Task<GuestFreeze> FreezeAsync(GuestAgentClient client, CancellationToken token)
    {
        while (true)
        {
            try
            {
                return await GuestFreeze.FreezeAsync(client, Freezing with { Timeout = Ample }, token);
            }
            catch (GuestAgentUnavailableException exception) when (exception.Reason == GuestAgentUnavailableReason.NoAnswer)
            {
                // The machine is busy; only the next step is under test.
            }
        }
    }

    private static void Apply(AgentRule rule, string fault)
    {
        var acts = fault.EndsWith(" acts", StringComparison.Ordinal);
        _ = fault.Split(' ')[0] switch
        {
            "hang" => rule.Hang(acts),
            "garbage" => rule.Garbage("]]} no answer \u001b[2J\n"u8.ToArray(), acts),
            "flood" => rule.Flood(24 << 20, acts),
            "die" => rule.Die(acts),
            "fail" => rule.Fail(acts: acts),
            "unknown" => rule.Fail("CommandNotFound", "unknown", acts),
            "negative" => rule.Return("-1"),
            "zero" => rule.Return("0", acts),
            "text" => rule.Return("\"two\""),
            "claim" => rule.Return("2", acts: false),
            _ => throw new ArgumentOutOfRangeException(nameof(fault), fault, "Unknown."),
        };
    }
}
