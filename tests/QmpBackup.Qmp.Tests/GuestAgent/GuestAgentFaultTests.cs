using System.Text;
using Microsoft.Extensions.Time.Testing;
using QmpBackup.Qmp.Agent;

namespace QmpBackup.Qmp.Tests.GuestAgent;

/// <summary>After any fault of the agent, the call ends in time, and the next command gets its own answer.</summary>
public sealed class GuestAgentFaultTests : AgentTest
{
    public static TheoryData<string> Commands =>
    [
        "guest-ping", "guest-info", "guest-sync", "guest-get-fsinfo", "guest-get-osinfo", "guest-fsfreeze-status",
        "guest-fsfreeze-freeze", "guest-fsfreeze-freeze-list", "guest-fsfreeze-thaw",
    ];

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Commands))]
    public async Task A_hanging_command_times_out(string command)
    {
        var token = TestContext.Current.CancellationToken;
        var time = new FakeTimeProvider();
        var client = Client(Options(time));
        var rule = Agent.On(command).Hang();

        var call = GuestAgentCommandTests.ExecuteAsync(client, command, token);
        await rule.Hit.WaitAsync(token);
        time.Advance(Ample);

        Func<Task> act = () => call;
        var exception = (await act.Should().ThrowAsync<GuestAgentTimeoutException>()).Which;
        exception.CommandName.Should().Be(command);
        exception.CommandSent.Should().BeTrue();
        await ShouldBeInStepAsync(client, token);
    }

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Commands))]
    public async Task A_late_answer_is_dropped(string command)
    {
        var token = TestContext.Current.CancellationToken;
        var time = new FakeTimeProvider();
        var release = new TaskCompletionSource();
        var client = Client(Options(time));
        var rule = Agent.On(command).Return("12345", acts: false).Late(release.Task);

        var call = GuestAgentCommandTests.ExecuteAsync(client, command, token);
        await rule.Hit.WaitAsync(token);
        time.Advance(Ample);
        Func<Task> act = () => call;
        await act.Should().ThrowAsync<GuestAgentTimeoutException>();
        var next = client.GuestFsfreezeStatusAsync(token);
        release.SetResult();

        (await next).Should().Be(GuestFsfreezeStatus.Thawed);
        await ShouldBeInStepAsync(client, token);
    }

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Commands))]
    public async Task A_cancelled_command_does_not_affect_the_next(string command)
    {
        var token = TestContext.Current.CancellationToken;
        var release = new TaskCompletionSource();
        var client = Client();
        var rule = Agent.On(command).Return("12345", acts: false).Late(release.Task);
        using var cancel = new CancellationTokenSource();

        var call = GuestAgentCommandTests.ExecuteAsync(client, command, cancel.Token);
        await rule.Hit.WaitAsync(token);
        await cancel.CancelAsync();

        Func<Task> act = () => call;
        (await act.Should().ThrowAsync<OperationCanceledException>()).Which.CancellationToken.Should().Be(cancel.Token);
        release.SetResult();
        await ShouldBeInStepAsync(client, token);
    }

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Commands))]
    public async Task Garbage_is_refused_and_escaped(string command)
    {
        var token = TestContext.Current.CancellationToken;
        Agent.On(command).Garbage("\u001b[2J garbage {\"return\":1}\n"u8.ToArray());

        var exception = await ShouldBeRefusedAsync(Client(), command, token);

        exception.Message.Should().NotContain("\u001b");
        exception.CommandSent.Should().BeTrue();
    }

    [Theory(Timeout = 60_000)]
    [InlineData("{\"neither\":1}\n")]
    [InlineData("{\"event\":\"RESET\"}\n")]
    [InlineData("{\"QMP\":{}}\n")]
    [InlineData("{]}\n")]
    [InlineData("{\"error\":\"text\"}\n")]
    [InlineData("{\"error\":{\"class\":5}}\n")]
    [InlineData("{\"return\":{}")]
    [InlineData("[1]\n")]
    [InlineData("\0\0\0")]
    public async Task A_message_that_is_not_an_answer_is_refused(string text)
    {
        var token = TestContext.Current.CancellationToken;
        // The synchronization before the next command ends an incomplete message.
        var time = new FakeTimeProvider();
        var client = Client(Options(time));
        var rule = Agent.On("guest-get-osinfo").Garbage(Encoding.UTF8.GetBytes(text));

        Task call = client.GuestGetOsinfoAsync(token);
        await rule.Hit.WaitAsync(token);
        if (text.EndsWith("{}", StringComparison.Ordinal))
            time.Advance(Ample);

        Func<Task> act = () => call;
        await act.Should().ThrowAsync<GuestAgentException>();
        await ShouldBeInStepAsync(client, token);
    }

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Commands))]
    public async Task A_flood_is_cut_off(string command)
    {
        var token = TestContext.Current.CancellationToken;
        // More than an answer may have. The rest of it is the first data of the new connection.
        Agent.On(command).Flood(12 << 20);

        await ShouldBeRefusedAsync(Client(), command, token);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("large", "larger")]
    [InlineData("blank", "more data than allowed")]
    [InlineData("deep", "nested")]
    public async Task An_answer_beyond_the_limits_is_refused(string kind, string message)
    {
        var token = TestContext.Current.CancellationToken;
        var text = kind switch
        {
            "large" => "{\"return\":\"" + new string('x', 20_000) + "\"}\n",
            "blank" => new string(' ', 300_000) + "{\"return\":{}}\n",
            _ => "{\"return\":" + new string('[', 64) + new string(']', 64) + "}\n",
        };
        Agent.On("guest-ping").Garbage(Encoding.UTF8.GetBytes(text));

        var exception = await ShouldBeRefusedAsync(
            Client(Options() with { MaxMessageSize = 4096 }), "guest-ping", token);

        exception.Message.Should().Contain(message);
    }

    [Fact(Timeout = 60_000)]
    public async Task An_answer_of_the_full_size_is_read()
    {
        var token = TestContext.Current.CancellationToken;
        string text = new('x', 3_000_000);
        Agent.On("guest-get-osinfo").Return($$"""{"id":"{{text}}"}""");

        var info = await Client().GuestGetOsinfoAsync(token);

        info.Id!.Length.Should().Be(text.Length);
    }

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Commands))]
    public async Task A_connection_that_is_lost_is_replaced_by_the_next_command(string command)
    {
        var token = TestContext.Current.CancellationToken;
        Agent.On(command).Die();
        var client = Client();

        Func<Task> act = () => GuestAgentCommandTests.ExecuteAsync(client, command, token);

        var exception = (await act.Should().ThrowAsync<GuestAgentUnavailableException>()).Which;
        exception.Reason.Should().Be(GuestAgentUnavailableReason.Closed);
        exception.CommandSent.Should().BeTrue();
        await ShouldBeInStepAsync(client, token);
        Count(command).Should().BeLessThanOrEqualTo(2, "what was sent is not sent again");
    }

    [Fact(Timeout = 60_000)]
    public async Task Commands_wait_for_their_turn_and_get_their_own_answers()
    {
        var token = TestContext.Current.CancellationToken;
        var client = Client();

        Task<long>[] calls = [.. Enumerable.Range(1, 50).Select(number => client.GuestSyncAsync(number, token))];

        (await Task.WhenAll(calls)).Should().Equal(Enumerable.Range(1, 50).Select(number => (long)number));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_command_that_times_out_before_its_turn_is_never_sent()
    {
        var token = TestContext.Current.CancellationToken;
        var release = new TaskCompletionSource();
        var client = Client();
        var rule = Agent.On("guest-ping").Late(release.Task);
        var first = client.GuestPingAsync(token);
        await rule.Hit.WaitAsync(token);

        Func<Task> act = () => client.ExecuteAsync(GuestAgentCommands.GuestGetOsinfo.Request, TimeSpan.FromMilliseconds(50), token);

        (await act.Should().ThrowAsync<GuestAgentTimeoutException>()).Which.CommandSent.Should().BeFalse();
        release.SetResult();
        await first;
        await client.GuestPingAsync(token);
        Count("guest-get-osinfo").Should().Be(0);
    }

    [Fact(Timeout = 60_000)]
    public async Task Disposing_ends_the_pending_call()
    {
        var token = TestContext.Current.CancellationToken;
        var client = Client();
        var rule = Agent.On("guest-ping").Hang();
        var call = client.GuestPingAsync(token);
        await rule.Hit.WaitAsync(token);

        await client.DisposeAsync();

        Func<Task> act = () => call;
        await act.Should().ThrowAsync<ObjectDisposedException>();
        Func<Task> again = () => client.GuestPingAsync(token);
        await again.Should().ThrowAsync<ObjectDisposedException>();
        await client.DisposeAsync();
    }

    private static async Task<GuestAgentProtocolException> ShouldBeRefusedAsync(
        GuestAgentClient client, string command, CancellationToken token)
    {
        Func<Task> act = () => GuestAgentCommandTests.ExecuteAsync(client, command, token);
        var exception = (await act.Should().ThrowAsync<GuestAgentProtocolException>()).Which;
        await ShouldBeInStepAsync(client, token);
        return exception;
    }

    private static async Task ShouldBeInStepAsync(GuestAgentClient client, CancellationToken token)
    {
        (await client.GuestSyncAsync(77, token)).Should().Be(77);
        (await client.GuestFsfreezeStatusAsync(token)).Should().Be(GuestFsfreezeStatus.Thawed);
        (await client.GuestGetOsinfoAsync(token)).Id.Should().Be("debian");
    }
}
