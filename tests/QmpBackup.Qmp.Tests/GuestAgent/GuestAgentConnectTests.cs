using System.Text;
using QmpBackup.Qmp.Agent;
using QmpBackup.Testing;

namespace QmpBackup.Qmp.Tests.GuestAgent;

public sealed class GuestAgentConnectTests : AgentTest
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(200);

    [Fact(Timeout = 60_000)]
    public async Task Connecting_synchronizes_once_and_skips_the_error_line_before_the_sentinel()
    {
        var token = TestContext.Current.CancellationToken;
        await using var client = await GuestAgentClient.ConnectAsync(QmpEndpoint.Parse(Agent.Endpoint), Options(), token);

        await client.GuestPingAsync(token);

        Agent.Calls.Select(call => call.Name).Should().Equal("guest-sync-delimited", "guest-ping");
        client.Name.Should().Be(Agent.Endpoint);
    }

    [Fact(Timeout = 60_000)]
    public async Task Every_synchronization_has_its_own_positive_id()
    {
        var token = TestContext.Current.CancellationToken;
        var client = Client();

        for (var i = 0; i < 20; i++)
            await client.SynchronizeAsync(token);

        List<string> messages = [.. Agent.Calls.Select(call => call.Message)];
        messages.Should().HaveCount(20).And.OnlyHaveUniqueItems();
        messages.Should().NotContain(message => message.Contains("\"id\":-", StringComparison.Ordinal));
    }

    [Fact(Timeout = 60_000)]
    public async Task Everything_before_the_sentinel_is_dropped()
    {
        var token = TestContext.Current.CancellationToken;
        var client = Client();
        await client.SynchronizeAsync(token);
        byte[] stale =
        [
            .. "{\"return\":5}\n}}]] half a mess"u8, 0xff, .. "{\"return\":1}\n"u8, 0xff, 0xff, .. "{\"return\":"u8, 0xff,
            .. "{\"return\":\"x\"}"u8, 0xff, .. "no object"u8, 0xff, .. "{]}"u8, 0xff, .. "{\"error\":{\"class\":\"GenericError\",\"desc\":\"x\"}}"u8,
        ];

        await Agent.SendAsync(stale);
        await client.SynchronizeAsync(token);

        (await client.GuestFsfreezeStatusAsync(token)).Should().Be(GuestFsfreezeStatus.Thawed);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_flood_instead_of_the_synchronization_is_cut_off()
    {
        var token = TestContext.Current.CancellationToken;
        Agent.OnEvery("guest-sync-delimited").Flood(24 << 20);
        var client = Client(Options() with { MaxMessageSize = 64 * 1024 });

        Func<Task> act = () => client.SynchronizeAsync(token);

        (await act.Should().ThrowAsync<GuestAgentProtocolException>()).WithMessage("*more data than allowed*");
    }

    [Theory(Timeout = 60_000)]
    [InlineData("deep")]
    [InlineData("large")]
    public async Task An_answer_to_the_synchronization_that_is_too_deep_or_too_large_is_refused(string kind)
    {
        var token = TestContext.Current.CancellationToken;
        var text = kind == "deep"
            ? "{\"return\":" + new string('[', 100)
            : "{\"return\":\"" + new string('x', 10_000) + "\"}\n";
        Agent.OnEvery("guest-sync-delimited").Garbage([0xff, .. Encoding.UTF8.GetBytes(text)]);
        var client = Client(Options() with { MaxMessageSize = 4096 });

        Func<Task> act = () => client.SynchronizeAsync(token);

        await act.Should().ThrowAsync<GuestAgentProtocolException>();
    }

    [Fact(Timeout = 60_000)]
    public async Task A_port_without_an_agent_is_reported()
    {
        var token = TestContext.Current.CancellationToken;
        await using var server = new SilentServer(Directory.File("silent"));

        Func<Task> act = () => GuestAgentClient.ConnectAsync(
            QmpEndpoint.Parse(server.Endpoint), Options() with { SyncTimeout = Short }, token);

        var exception = (await act.Should().ThrowAsync<GuestAgentUnavailableException>()).Which;
        exception.Reason.Should().Be(GuestAgentUnavailableReason.NoAnswer);
        exception.CommandSent.Should().BeFalse();
        exception.Message.Should().Contain(server.Path).And.Contain("another client");
    }

    [Fact(Timeout = 60_000)]
    public async Task A_QMP_monitor_is_not_taken_for_an_agent()
    {
        var token = TestContext.Current.CancellationToken;
        await using var server = new GarbageServer(Directory.File("qmp"), "{\"QMP\": {\"version\": {}}}\r\n"u8.ToArray());

        Func<Task> act = () => GuestAgentClient.ConnectAsync(
            QmpEndpoint.Parse(server.Endpoint), Options() with { SyncTimeout = Short }, token);

        (await act.Should().ThrowAsync<GuestAgentProtocolException>()).WithMessage("*QMP monitor*");
    }

    [Fact(Timeout = 60_000)]
    public async Task A_server_that_closes_at_once_is_unavailable()
    {
        var token = TestContext.Current.CancellationToken;
        await using var server = new GarbageServer(Directory.File("bye"), [], closeAfterwards: true);

        Func<Task> act = () => GuestAgentClient.ConnectAsync(QmpEndpoint.Parse(server.Endpoint), Options(), token);

        (await act.Should().ThrowAsync<GuestAgentUnavailableException>()).Which.Reason.Should().Be(GuestAgentUnavailableReason.Closed);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_missing_socket_is_unavailable()
    {
        var token = TestContext.Current.CancellationToken;
        Func<Task> act = () => GuestAgentClient.ConnectAsync(QmpEndpoint.Parse(Directory.File("none")), Options(), token);

        (await act.Should().ThrowAsync<GuestAgentUnavailableException>()).Which.Reason.Should().Be(GuestAgentUnavailableReason.NotFound);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_file_that_is_not_a_socket_is_unavailable()
    {
        var token = TestContext.Current.CancellationToken;
        await File.WriteAllTextAsync(Directory.File("file"), "", token);

        Func<Task> act = () => GuestAgentClient.ConnectAsync(QmpEndpoint.Parse(Directory.File("file")), Options(), token);

        (await act.Should().ThrowAsync<GuestAgentUnavailableException>()).Which.Reason.Should().Be(GuestAgentUnavailableReason.Refused);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_port_that_is_not_read_blocks_no_call()
    {
        var token = TestContext.Current.CancellationToken;
        var stream = new StuckStream(writes: false);

        Func<Task> act = () => GuestAgentClient.ConnectAsync(
            _ => Task.FromResult<Stream>(stream), Options() with { SyncTimeout = Short }, token);

        (await act.Should().ThrowAsync<GuestAgentUnavailableException>()).Which.Reason.Should().Be(GuestAgentUnavailableReason.NotRead);
        stream.IsDisposed.Should().BeTrue();
    }

    [Fact(Timeout = 60_000)]
    public async Task A_stream_that_ignores_cancellation_blocks_no_call()
    {
        var token = TestContext.Current.CancellationToken;
        var stream = new StuckStream(writes: true);

        Func<Task> act = () => GuestAgentClient.ConnectAsync(
            _ => Task.FromResult<Stream>(stream), Options() with { SyncTimeout = Short }, token);

        (await act.Should().ThrowAsync<GuestAgentUnavailableException>()).Which.Reason.Should().Be(GuestAgentUnavailableReason.NoAnswer);
        stream.IsDisposed.Should().BeTrue();
    }

    [Fact(Timeout = 60_000)]
    public async Task A_stream_that_opens_too_late_is_closed()
    {
        var token = TestContext.Current.CancellationToken;
        var stream = new StuckStream(writes: true);
        var opening = new TaskCompletionSource<Stream>();

        Func<Task> act = () => GuestAgentClient.ConnectAsync(_ => opening.Task, Options() with { ConnectTimeout = Short }, token);
        (await act.Should().ThrowAsync<GuestAgentUnavailableException>()).Which.Reason
            .Should().Be(GuestAgentUnavailableReason.ConnectTimeout);
        opening.SetResult(stream);

        stream.IsDisposed.Should().BeTrue();
    }

    [Fact(Timeout = 60_000)]
    public async Task A_stream_that_cannot_be_opened_is_unavailable()
    {
        var token = TestContext.Current.CancellationToken;
        Func<Task> act = () => GuestAgentClient.ConnectAsync(
            _ => throw new IOException("no tunnel\u001b[2J"), Options(), token);

        var exception = (await act.Should().ThrowAsync<GuestAgentUnavailableException>()).Which;
        exception.Reason.Should().Be(GuestAgentUnavailableReason.Unreachable);
        exception.Message.Should().Contain("no tunnel").And.NotContain("\u001b");
    }

    [Fact(Timeout = 60_000)]
    public async Task A_stream_of_the_caller_works_like_a_socket()
    {
        var token = TestContext.Current.CancellationToken;
        await using var client = await GuestAgentClient.ConnectAsync(
            async stopping =>
            {
                var socket = new System.Net.Sockets.Socket(
                    System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified);
                await socket.ConnectAsync(new System.Net.Sockets.UnixDomainSocketEndPoint(Agent.Path), stopping);
                return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
            },
            Options(),
            token);

        (await client.GuestGetOsinfoAsync(token)).Id.Should().Be("debian");
    }

    [Fact]
    public void Options_out_of_range_are_refused()
    {
        var endpoint = QmpEndpoint.Parse("/run/ga");
        Action[] acts =
        [
            () => GuestAgentClient.Create(endpoint, new GuestAgentOptions { SyncTimeout = TimeSpan.Zero }),
            () => GuestAgentClient.Create(endpoint, new GuestAgentOptions { CommandTimeout = TimeSpan.FromSeconds(-5) }),
            () => GuestAgentClient.Create(endpoint, new GuestAgentOptions { ConnectTimeout = TimeSpan.FromDays(100) }),
            () => GuestAgentClient.Create(endpoint, new GuestAgentOptions { MaxMessageSize = 16 }),
            () => GuestAgentClient.Create(endpoint, new GuestAgentOptions { MaxDepth = 65 }),
        ];

        acts.Should().AllSatisfy(act => act.Should().Throw<ArgumentOutOfRangeException>());
    }
}
