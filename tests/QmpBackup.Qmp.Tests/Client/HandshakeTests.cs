using Microsoft.Extensions.Time.Testing;
using QmpBackup.Qmp.Qapi;

namespace QmpBackup.Qmp.Tests;

public sealed class HandshakeTests
{
    [Fact(Timeout = 30_000)]
    public async Task The_greeting_is_available_when_the_session_is_ready()
    {
        var token = TestContext.Current.CancellationToken;
        (var client, var server) = await FakeQmpServer.ConnectAsync(token);
        await using var _ = client;
        await using var __ = server;

        client.Greeting.Version.Qemu.ToString().Should().Be("7.2.22");
        client.Greeting.Version.Package.Should().Be("Debian 1:7.2");
        client.Greeting.Capabilities.Should().Equal("oob");
        client.PeerCredentials.Should().BeNull();
        client.Completion.IsCompleted.Should().BeFalse();
        client.CloseReason.Should().BeNull();
    }

    [Fact(Timeout = 30_000)]
    public async Task A_peer_that_accepts_but_stays_silent_is_reported_as_a_busy_monitor()
    {
        var token = TestContext.Current.CancellationToken;
        var time = new FakeTimeProvider();
        (var server, var stream) = FakeQmpServer.Create();

        var connecting = QmpClient.ConnectAsync(stream, new() { TimeProvider = time, Name = "vm1" }, token);
        await time.PassUntilDoneAsync(connecting, token);

        var error = await Failure(connecting);
        error.Reason.Should().Be(QmpConnectFailure.NoGreeting);
        error.Message.Should().Be(
            "vm1 accepted the connection but sent no greeting within 5 s. "
            + "The monitor is in use by another client (it serves one at a time), or QEMU is stopped or hung.");
        (await server.IsAtEndAsync(token)).Should().BeTrue("the connection is closed");
    }

    [Fact(Timeout = 30_000)]
    public async Task A_peer_that_is_silent_after_its_greeting_fails_the_negotiation()
    {
        var token = TestContext.Current.CancellationToken;
        var time = new FakeTimeProvider();
        (var server, var stream) = FakeQmpServer.Create();
        var connecting = QmpClient.ConnectAsync(stream, new() { TimeProvider = time }, token);
        await server.SendAsync(FakeQmpServer.Greeting, token);
        await server.ReadAsync(token);

        await time.PassUntilDoneAsync(connecting, token);

        (await Failure(connecting)).Reason.Should().Be(QmpConnectFailure.Negotiation);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_refused_negotiation_says_why()
    {
        var token = TestContext.Current.CancellationToken;
        (var server, var stream) = FakeQmpServer.Create();
        var connecting = QmpClient.ConnectAsync(stream, cancellationToken: token);
        await server.SendAsync(FakeQmpServer.Greeting, token);
        await server.FailAsync((await server.ReadAsync(token)).Id, "GenericError", "no \u001b[31mway", token);

        var error = await Failure(connecting);
        error.Reason.Should().Be(QmpConnectFailure.Negotiation);
        error.Message.Should().Contain("no \\u001b[31mway");
    }

    [Fact(Timeout = 30_000)]
    public async Task Events_may_come_before_the_greeting_and_before_the_end_of_the_negotiation()
    {
        var token = TestContext.Current.CancellationToken;
        (var server, var stream) = FakeQmpServer.Create();
        var connecting = QmpClient.ConnectAsync(stream, cancellationToken: token);
        await server.EventAsync("RESUME", "{}", token);
        await server.SendAsync(FakeQmpServer.Greeting, token);
        var capabilities = await server.ReadAsync(token);
        await server.EventAsync("STOP", "{}", token);
        await server.ReturnAsync(capabilities.Id, "{}", token);

        await using var client = await connecting;
        client.Completion.IsCompleted.Should().BeFalse();
    }

    [Fact(Timeout = 30_000)]
    public async Task A_greeting_repeated_before_the_answer_is_negotiated_again()
    {
        var token = TestContext.Current.CancellationToken;
        (var server, var stream) = FakeQmpServer.Create();
        var connecting = QmpClient.ConnectAsync(stream, cancellationToken: token);
        await server.SendAsync(FakeQmpServer.Greeting + FakeQmpServer.Greeting, token);
        await server.ReadAsync(token);

        // The first was lost with the old connection; QEMU answers the second.
        await server.ReturnAsync((await server.ReadAsync(token)).Id, "{}", token);
        await using var client = await connecting;
        await AssertAliveAsync(client, server, token);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_second_negotiation_that_QEMU_refuses_does_not_end_the_session()
    {
        var token = TestContext.Current.CancellationToken;
        (var server, var stream) = FakeQmpServer.Create();
        var connecting = QmpClient.ConnectAsync(stream, cancellationToken: token);
        await server.SendAsync(FakeQmpServer.Greeting + FakeQmpServer.Greeting, token);
        await server.ReturnAsync((await server.ReadAsync(token)).Id, "{}", token);
        await server.FailAsync((await server.ReadAsync(token)).Id, "CommandNotFound", "Capabilities negotiation is already complete", token);

        await using var client = await connecting;
        await AssertAliveAsync(client, server, token);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_greeting_in_the_middle_of_a_session_is_negotiated_again()
    {
        var token = TestContext.Current.CancellationToken;
        using var logs = new LogCapture();
        (var client, var server) = await FakeQmpServer.ConnectAsync(token, new() { LoggerFactory = logs });
        await using var _ = client;
        await server.SendAsync(FakeQmpServer.Greeting, token);

        var again = await server.ReadAsync(token);
        again.Name.Should().Be("qmp_capabilities");
        await server.ReturnAsync(again.Id, "{}", token);
        await AssertAliveAsync(client, server, token);
        logs.Has(QmpLogEvents.RepeatedGreeting).Should().BeTrue();
    }

    [Fact(Timeout = 30_000)]
    public async Task Too_many_greetings_end_the_session()
    {
        var token = TestContext.Current.CancellationToken;
        (var client, var server) = await FakeQmpServer.ConnectAsync(token);
        await using var _ = client;
        await server.SendAsync(string.Concat(Enumerable.Repeat("{\"QMP\":0}", 17)), token);

        await client.Completion;
        client.CloseReason!.Cause.Should().Be(QmpCloseCause.ProtocolError);
        client.CloseReason.Message.Should().Contain("more than 16 greetings");
    }

    [Theory(Timeout = 30_000)]
    [InlineData("QEMU 7.2.22 monitor - type 'help' for more information\r\n(qemu) ", "QEMU 7.2.22 monitor")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n", "SSH-2.0")]
    [InlineData("{\"error\": {\"class\": \"GenericError\", \"desc\": \"JSON parse error\"}}", "before its greeting")]
    [InlineData("{\"return\": {}}", "before its greeting")]
    [InlineData("{\"QMP\": 1}", "not QMP")]
    [InlineData("{\"QMP\" {}}", "not QMP")]
    [InlineData("\u001b[2J", "\\x1b[2J")]
    public async Task A_peer_that_is_not_a_qmp_monitor_is_reported(string says, string expected)
    {
        var token = TestContext.Current.CancellationToken;
        (var server, var stream) = FakeQmpServer.Create();
        var connecting = QmpClient.ConnectAsync(stream, cancellationToken: token);
        await server.SendAsync(says, token);

        var error = await Failure(connecting);
        error.Reason.Should().Be(QmpConnectFailure.NotQmp);
        error.Message.Should().Contain("is not a QMP monitor").And.Contain(expected);
        error.Message.Should().NotContain("\u001b");
    }

    [Fact(Timeout = 30_000)]
    public async Task A_peer_that_closes_at_once_has_sent_no_greeting()
    {
        var token = TestContext.Current.CancellationToken;
        (var server, var stream) = FakeQmpServer.Create();
        var connecting = QmpClient.ConnectAsync(stream, cancellationToken: token);
        server.Close();

        (await Failure(connecting)).Reason.Should().Be(QmpConnectFailure.NoGreeting);
    }

    [Fact(Timeout = 30_000)]
    public async Task Cancelling_a_connect_closes_the_stream()
    {
        var token = TestContext.Current.CancellationToken;
        (var server, var stream) = FakeQmpServer.Create();
        using var source = CancellationTokenSource.CreateLinkedTokenSource(token);
        var connecting = QmpClient.ConnectAsync(stream, cancellationToken: source.Token);
        await source.CancelAsync();

        await connecting.Invoking(task => task).Should().ThrowAsync<OperationCanceledException>();
        (await server.IsAtEndAsync(token)).Should().BeTrue();
    }

    [Fact(Timeout = 30_000)]
    public async Task Out_of_band_is_negotiated_only_on_request()
    {
        var token = TestContext.Current.CancellationToken;
        (var server, var stream) = FakeQmpServer.Create();
        var connecting = QmpClient.ConnectAsync(stream, new() { EnableOutOfBand = true }, token);
        await server.SendAsync(FakeQmpServer.Greeting, token);
        var capabilities = await server.ReadAsync(token);
        await server.ReturnAsync(capabilities.Id, "{}", token);
        await using var client = await connecting;

        capabilities.Json.GetProperty("arguments").GetProperty("enable")[0].GetString().Should().Be("oob");
        client.OutOfBandEnabled.Should().BeTrue();
        var yank = client.ExecuteAsync(QmpRequest.Raw("query-yank").AsOutOfBand(), token);
        var command = await server.ReadAsync(token);
        command.Json.TryGetProperty("exec-oob", out _).Should().BeTrue();
        await server.ReturnAsync(command.Id, "[]", token);
        await yank;

        (var plain, var other) = await FakeQmpServer.ConnectAsync(token);
        await using var disposePlain = plain;
        await using var disposeOther = other;
        Func<Task> act = () => plain.ExecuteAsync(QmpRequest.Raw("query-yank").AsOutOfBand(), token);
        await act.Should().ThrowAsync<InvalidOperationException>();
    }

    private static async Task AssertAliveAsync(QmpClient client, FakeQmpServer server, CancellationToken token)
    {
        var call = client.ExecuteAsync(MiscCommands.Cont.Request, token);
        FakeCommand command;
        do
        {
            command = await server.ReadAsync(token);
        }
        while (command.Name == "qmp_capabilities");
        await server.ReturnAsync(command.Id, "{}", token);
        await call;
    }

    private static async Task<QmpConnectException> Failure(Task connecting) =>
        (await connecting.Invoking(task => task).Should().ThrowAsync<QmpConnectException>()).Which;
}
