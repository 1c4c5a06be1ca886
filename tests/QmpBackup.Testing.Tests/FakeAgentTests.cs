namespace QmpBackup.Testing.Tests;

public sealed class FakeAgentTests
{
    [Fact(Timeout = 30_000)]
    public async Task The_fake_agent_freezes_thaws_and_records_when()
    {
        var token = TestContext.Current.CancellationToken;
        await using var directory = TestDirectory.Create();
        await using var agent = new FakeAgent(directory.File("ga"));
        await using var client = await AgentConnection.ConnectAsync(agent.Path, null, token);
        (await client.ExecuteAsync("guest-fsfreeze-freeze", null, null, token)).GetInt32().Should().Be(2);
        agent.IsFrozen.Should().BeTrue();
        var again = () => client.ExecuteAsync("guest-fsfreeze-freeze", null, null, token);
        (await again.Should().ThrowAsync<QmpMonitorException>()).Which.ErrorClass.Should().Be("CommandNotFound");
        (await client.ExecuteAsync("guest-fsfreeze-thaw", null, null, token)).GetInt32().Should().Be(2);
        var interval = agent.FreezeIntervals.Should().ContainSingle().Subject;
        interval.Thawed.Should().NotBeNull().And.BeOnOrAfter(interval.Frozen);
        agent.Calls.Select(call => call.Name).Should().Equal(
            "guest-sync", "guest-fsfreeze-freeze", "guest-fsfreeze-freeze", "guest-fsfreeze-thaw");
    }

    [Fact(Timeout = 30_000)]
    public async Task A_late_freeze_happens_after_its_client_left_and_the_next_client_gets_the_answer()
    {
        var token = TestContext.Current.CancellationToken;
        await using var directory = TestDirectory.Create();
        await using var agent = new FakeAgent(directory.File("ga"));
        var release = new TaskCompletionSource();
        var rule = agent.On("guest-fsfreeze-freeze").Late(release.Task);
        await using (var client = await AgentConnection.ConnectAsync(agent.Path, null, token))
        {
            var freeze = () => client.ExecuteAsync("guest-fsfreeze-freeze", null, TimeSpan.FromMilliseconds(100), token);
            await freeze.Should().ThrowAsync<TimeoutException>();
        }

        await rule.Hit;
        agent.IsFrozen.Should().BeFalse();
        release.SetResult();
        await using var second = await AgentConnection.ConnectAsync(agent.Path, null, token);
        (await second.ExecuteAsync("guest-fsfreeze-status", null, null, token)).GetString().Should().Be("frozen");
    }

    [Fact(Timeout = 30_000)]
    public async Task The_fake_agent_hangs_fails_lies_disconnects_and_sends_garbage_on_demand()
    {
        var token = TestContext.Current.CancellationToken;
        await using var directory = TestDirectory.Create();
        await using var agent = new FakeAgent(directory.File("ga"));
        agent.On("guest-ping").Hang();
        agent.On("guest-ping", 2).Fail("GenericError", "no");
        agent.On("guest-fsfreeze-freeze").Return("0", acts: true);
        agent.On("guest-info").Garbage("{\"return\": ]]}"u8.ToArray());
        agent.On("guest-get-osinfo").Die();
        await using var client = await AgentConnection.ConnectAsync(agent.Path, null, token);
        var ping = () => client.ExecuteAsync("guest-ping", null, TimeSpan.FromMilliseconds(100), token);
        await ping.Should().ThrowAsync<TimeoutException>();

        await using var second = await ReconnectAsync(client, agent, token);
        var refused = () => second.ExecuteAsync("guest-ping", null, null, token);
        await refused.Should().ThrowAsync<QmpMonitorException>();
        var garbage = () => second.ExecuteAsync("guest-info", null, null, token);
        await garbage.Should().ThrowAsync<System.Text.Json.JsonException>();
        (await second.ExecuteAsync("guest-get-fsinfo", null, null, token)).GetArrayLength().Should().Be(0);
        (await second.ExecuteAsync("guest-fsfreeze-freeze", null, null, token)).GetInt32().Should().Be(0);
        agent.IsFrozen.Should().BeTrue();
        agent.SetFrozen(false);
        var disconnected = () => second.ExecuteAsync("guest-get-osinfo", null, null, token);
        await disconnected.Should().ThrowAsync<IOException>();
    }

    private static async Task<AgentConnection> ReconnectAsync(AgentConnection old, FakeAgent agent, CancellationToken token)
    {
        await old.DisposeAsync();
        return await AgentConnection.ConnectAsync(agent.Path, null, token);
    }
}
