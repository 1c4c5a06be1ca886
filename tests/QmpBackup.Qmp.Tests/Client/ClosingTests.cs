using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using QmpBackup.Qmp.Qapi;

namespace QmpBackup.Qmp.Tests;

public sealed class ClosingTests
{
    [Fact(Timeout = 30_000)]
    public async Task When_the_peer_closes_every_pending_call_ends_with_the_reason()
    {
        var token = TestContext.Current.CancellationToken;
        (var client, var server) = await FakeQmpServer.ConnectAsync(token, new() { Name = "vm1" });
        await using var _ = client;
        Task[] calls = [.. Enumerable.Range(0, 10).Select(i => (Task)client.ExecuteAsync(QmpRequest.Raw($"c{i}"), token))];
        for (var i = 0; i < 8; i++)
            await server.ReadAsync(token);
        server.Close();

        foreach (var call in calls)
            (await Fails<QmpConnectionClosedException>(call)).Cause.Should().Be(QmpCloseCause.ClosedByPeer);
        (await Fails<QmpConnectionClosedException>(calls[0])).Message.Should().Be(
            "vm1 closed the connection. \"c0\" was waiting for its answer; QEMU may have executed it.");
        (await Fails<QmpConnectionClosedException>(calls[9])).CommandSent.Should().BeFalse();
        await client.Completion;
        client.CloseReason!.Cause.Should().Be(QmpCloseCause.ClosedByPeer);
    }

    [Fact(Timeout = 30_000)]
    public async Task An_end_in_the_middle_of_a_message_has_its_own_reason()
    {
        var token = TestContext.Current.CancellationToken;
        (var client, var server) = await FakeQmpServer.ConnectAsync(token);
        await using var _ = client;
        await server.SendAsync("{\"event\":", token);
        server.Close();
        await client.Completion;

        client.CloseReason!.Message.Should().EndWith("closed the connection in the middle of a message.");
    }

    [Fact(Timeout = 30_000)]
    public async Task The_first_reason_is_kept_and_later_calls_get_it()
    {
        var token = TestContext.Current.CancellationToken;
        (var client, var server) = await FakeQmpServer.ConnectAsync(token);
        server.Close();
        await client.Completion;
        await client.DisposeAsync();
        await client.DisposeAsync();

        var error = await Fails<QmpConnectionClosedException>(client.QueryStatusAsync(token));
        error.Cause.Should().Be(QmpCloseCause.ClosedByPeer);
        error.CommandSent.Should().BeFalse();
    }

    [Fact(Timeout = 30_000)]
    public async Task Disposing_ends_pending_calls_and_sends_no_quit()
    {
        var token = TestContext.Current.CancellationToken;
        (var client, var server) = await FakeQmpServer.ConnectAsync(token);
        Task call = client.ExecuteAsync(QmpRequest.Raw("x"), token);
        await server.ReadAsync(token);
        await client.DisposeAsync();

        (await Fails<QmpConnectionClosedException>(call)).Cause.Should().Be(QmpCloseCause.Disposed);
        client.Completion.IsCompletedSuccessfully.Should().BeTrue();
        (await server.IsAtEndAsync(token)).Should().BeTrue();
    }

    [Fact(Timeout = 30_000)]
    public async Task A_message_over_the_limit_ends_the_session()
    {
        var token = TestContext.Current.CancellationToken;
        (var client, var server) = await FakeQmpServer.ConnectAsync(token, new() { MaxMessageSize = 10_000 });
        await using var _ = client;
        Task call = client.ExecuteAsync(QmpRequest.Raw("x"), token);
        var id = (await server.ReadAsync(token)).Id;
        await server.ReturnAsync(id, "\"" + new string('x', 10_000) + "\"", token);

        var error = await Fails<QmpConnectionClosedException>(call);
        error.Cause.Should().Be(QmpCloseCause.ProtocolError);
        error.Message.Should().Contain("larger than 10000 bytes");
    }

    [Fact(Timeout = 30_000)]
    public async Task A_peer_that_does_not_read_delays_no_caller_beyond_its_time_limit()
    {
        var token = TestContext.Current.CancellationToken;
        var time = new FakeTimeProvider();
        (var client, var server) = await FakeQmpServer.ConnectAsync(token, new() { TimeProvider = time }, capacity: 4096);
        await using var _ = client;
        Task blocked = client.ExecuteAsync(Large("blocked"), token);
        Task behind = client.ExecuteAsync(QmpRequest.Raw("behind"), token);
        await time.PassUntilDoneAsync(Task.WhenAll(blocked, behind), token);

        (await Fails<QmpTimeoutException>(behind)).CommandSent.Should().BeFalse("it was still in line");
        (await Fails<QmpTimeoutException>(blocked)).CommandSent.Should().BeTrue("its first bytes were on their way");

        // The message that was being written arrives complete; the cancelled one is not sent.
        var next = client.ExecuteAsync(QmpRequest.Raw("next"), token);
        var first = await server.ReadAsync(token);
        first.Name.Should().Be("blocked");
        first.Json.GetProperty("arguments").GetProperty("text").GetString().Should().HaveLength(100_000);
        var second = await server.ReadAsync(token);
        second.Name.Should().Be("next");
        await server.ReturnAsync(first.Id, "{}", token);
        await server.ReturnAsync(second.Id, "7", token);
        (await next).GetInt32().Should().Be(7);
    }

    [Fact(Timeout = 30_000)]
    public async Task Disposing_does_not_wait_for_a_blocked_write()
    {
        var token = TestContext.Current.CancellationToken;
        (var client, var server) = await FakeQmpServer.ConnectAsync(token, capacity: 4096);
        await using var _ = server;
        Task blocked = client.ExecuteAsync(Large("blocked"), token);
        await client.DisposeAsync();

        await Fails<QmpConnectionClosedException>(blocked);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_write_that_fails_ends_the_session()
    {
        var token = TestContext.Current.CancellationToken;
        (var other, var stream) = FakeQmpServer.Create();
        await using var _ = other;
        var failing = new FailingWriteStream(stream);
        var connecting = QmpClient.ConnectAsync(failing, cancellationToken: token);
        await other.HandshakeAsync(token);
        await using var victim = await connecting;
        failing.Broken = true;

        (await Fails<QmpConnectionClosedException>(victim.ContAsync(token))).Cause.Should().Be(QmpCloseCause.TransportError);
        await victim.Completion;
    }

    [Fact]
    public void Invalid_options_are_refused()
    {
        var stream = new MemoryStream();
        QmpClientOptions[] bad =
        [
            new() { MaxDepth = 2000 },
            new() { MaxMessageSize = 1 },
            new() { EventBufferSize = 0 },
            new() { MaxInFlight = 0 },
            new() { CommandTimeout = TimeSpan.Zero },
            new() { GreetingTimeout = TimeSpan.FromDays(100) },
        ];
        foreach (var options in bad)
        {
            Action act = () => _ = QmpClient.ConnectAsync(stream, options, TestContext.Current.CancellationToken);
            act.Should().Throw<ArgumentOutOfRangeException>();
        }
    }

    private static QmpRequest Large(string name) =>
        QmpRequest.Raw(name, JsonDocument.Parse("{\"text\":\"" + new string('x', 100_000) + "\"}").RootElement);

    private static async Task<T> Fails<T>(Task task)
        where T : Exception => (await task.Invoking(it => it).Should().ThrowAsync<T>()).Which;
}
