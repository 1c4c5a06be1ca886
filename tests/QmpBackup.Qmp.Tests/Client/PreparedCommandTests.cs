using Microsoft.Extensions.Time.Testing;

namespace QmpBackup.Qmp.Tests;

/// <summary>Commands that are sent up to their end, which is held back.</summary>
public sealed class PreparedCommandTests
{
    private const string Prefix = """{"execute":"transaction","id":2""";
    private const string Stray = """{"error": {"class": "GenericError", "desc": "JSON parse error, stray '\ufffd'"}}""";

    private static readonly QmpRequest Transaction = QmpRequest.Raw("transaction");

    [Fact(Timeout = 30_000)]
    public async Task The_last_brace_is_sent_at_the_commit_and_other_commands_wait_until_then()
    {
        var token = TestContext.Current.CancellationToken;
        (var client, var server) = await FakeQmpServer.ConnectAsync(token);
        await using var _ = client;
        var prepared = await client.PrepareAsync(Transaction, token);
        (await server.ReadTextAsync(Prefix.Length, token)).Should().Be(Prefix);
        var other = client.ExecuteAsync(QmpRequest.Raw("query-status"), token);

        var commit = prepared.CommitAsync(token);
        (await server.ReadTextAsync(2, token)).Should().Be("}\n");
        var next = await server.ReadAsync(token);
        next.Name.Should().Be("query-status");
        await server.ReturnAsync(2, "{}", token);
        await server.ReturnAsync(next.Id, "{}", token);
        await commit;
        await other;
    }

    [Fact(Timeout = 30_000)]
    public async Task A_discarded_command_ends_with_0xFF_and_its_error_and_the_session_goes_on()
    {
        var token = TestContext.Current.CancellationToken;
        (var client, var server) = await FakeQmpServer.ConnectAsync(token);
        await using var _ = client;
        var prepared = await client.PrepareAsync(Transaction, token);
        var other = client.ExecuteAsync(QmpRequest.Raw("query-status"), token);
        var discard = prepared.DiscardAsync();
        (await server.ReadTextAsync(Prefix.Length + 2, token)).Should().Be(Prefix + "\ufffd\n");
        discard.IsCompleted.Should().BeFalse("QEMU has not confirmed it");
        await server.SendAsync(Stray, token);
        await discard;

        await server.ReturnAsync((await server.ReadAsync(token)).Id, "{}", token);
        await other;
        await prepared.DisposeAsync();
        Func<Task> commit = () => prepared.CommitAsync(token);
        await commit.Should().ThrowAsync<InvalidOperationException>();
        client.CloseReason.Should().BeNull();
    }

    [Fact(Timeout = 30_000)]
    public async Task A_command_is_committed_once()
    {
        var token = TestContext.Current.CancellationToken;
        (var client, var server) = await FakeQmpServer.ConnectAsync(token);
        await using var _ = client;
        var prepared = await client.PrepareAsync(Transaction, token);
        var first = prepared.CommitAsync(token);
        Func<Task> second = () => prepared.CommitAsync(token);
        await second.Should().ThrowAsync<InvalidOperationException>();
        await prepared.DiscardAsync();
        (await server.ReadAsync(token)).Name.Should().Be("transaction");
        await server.FailAsync(2, "GenericError", "no", token);
        await first.Invoking(task => task).Should().ThrowAsync<QmpCommandException>();
        await second.Should().ThrowAsync<InvalidOperationException>();
        client.CloseReason.Should().BeNull();
    }

    [Fact(Timeout = 30_000)]
    public async Task If_the_session_ends_the_command_was_not_sent()
    {
        var token = TestContext.Current.CancellationToken;
        (var client, var server) = await FakeQmpServer.ConnectAsync(token);
        await using var _ = client;
        var prepared = await client.PrepareAsync(Transaction, token);
        var other = client.ExecuteAsync(QmpRequest.Raw("query-status"), token);
        server.Close();

        await client.Completion;
        Func<Task> commit = () => prepared.CommitAsync(token);
        (await commit.Should().ThrowAsync<QmpConnectionClosedException>()).Which.CommandSent.Should().BeFalse();
        await other.Invoking(task => task).Should().ThrowAsync<QmpConnectionClosedException>();
        await prepared.DiscardAsync();
    }

    [Fact(Timeout = 30_000)]
    public async Task Disposing_the_client_ends_it_too()
    {
        var token = TestContext.Current.CancellationToken;
        (var client, var server) = await FakeQmpServer.ConnectAsync(token);
        await using var prepared = await client.PrepareAsync(Transaction, token);
        await client.DisposeAsync();
        (await server.ReadTextAsync(Prefix.Length, token)).Should().Be(Prefix);
        (await server.IsAtEndAsync(token)).Should().BeTrue();
    }

    [Fact(Timeout = 30_000)]
    public async Task If_QEMU_does_not_confirm_a_discard_the_session_is_closed()
    {
        var token = TestContext.Current.CancellationToken;
        var time = new FakeTimeProvider();
        (var client, var server) = await FakeQmpServer.ConnectAsync(token, new() { TimeProvider = time });
        await using var _ = client;
        var prepared = await client.PrepareAsync(Transaction, token);
        var discard = prepared.DiscardAsync();
        time.Advance(TimeSpan.FromSeconds(5));
        await discard;
        client.CloseReason!.Message.Should().EndWith("did not confirm within 5 s that it dropped \"transaction\".");
        await server.ReadTextAsync(Prefix.Length + 2, token);
        (await server.IsAtEndAsync(token)).Should().BeTrue();
    }

    [Theory(Timeout = 30_000)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_server_that_does_not_read_does_not_hold_the_caller_for_ever(bool isCancelled)
    {
        var token = TestContext.Current.CancellationToken;
        var time = new FakeTimeProvider();
        (var client, var server) = await FakeQmpServer.ConnectAsync(token, new() { TimeProvider = time }, capacity: 64);
        await using var _ = client;
        using var stop = new CancellationTokenSource();

        // The server takes a few of its bytes, and then no more.
        var large = QmpRequest.Raw("transaction", JsonElementOf("{\"x\":\"" + new string('x', 1000) + "\"}"));
        var prepare = client.PrepareAsync(large, stop.Token);
        await server.ReadTextAsync(10, token);
        if (isCancelled)
            await stop.CancelAsync();
        else
            time.Advance(TimeSpan.FromSeconds(30));
        while (!prepare.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        (await prepare.Invoking(task => task).Should().ThrowAsync<QmpConnectionClosedException>()).Which.CommandSent.Should().BeFalse();
    }

    [Fact(Timeout = 30_000)]
    public async Task One_that_is_cancelled_while_others_are_written_is_never_sent()
    {
        var token = TestContext.Current.CancellationToken;
        (var client, var server) = await FakeQmpServer.ConnectAsync(token);
        await using var _ = client;
        var open = await client.PrepareAsync(Transaction, token);
        using var stop = new CancellationTokenSource();
        var second = client.PrepareAsync(QmpRequest.Raw("query-jobs"), stop.Token);
        await stop.CancelAsync();
        await second.Invoking(task => task).Should().ThrowAsync<OperationCanceledException>();

        var commit = open.CommitAsync(token);
        (await server.ReadAsync(token)).Name.Should().Be("transaction");
        await server.ReturnAsync(2, "{}", token);
        await commit;
        var next = client.ExecuteAsync(QmpRequest.Raw("query-status"), token);
        var command = await server.ReadAsync(token);
        command.Name.Should().Be("query-status");
        await server.ReturnAsync(command.Id, "{}", token);
        await next;
    }

    [Fact(Timeout = 30_000)]
    public async Task Commands_that_wait_longer_than_their_limit_are_not_sent()
    {
        var token = TestContext.Current.CancellationToken;
        (var client, var server) = await FakeQmpServer.ConnectAsync(token);
        await using var _ = client;
        var prepared = await client.PrepareAsync(Transaction, token);
        Func<Task> late = () => client.ExecuteAsync(QmpRequest.Raw("quit"), TimeSpan.FromMilliseconds(50), token);
        (await late.Should().ThrowAsync<QmpTimeoutException>()).Which.CommandSent.Should().BeFalse();
        var commit = prepared.CommitAsync(token);
        (await server.ReadAsync(token)).Name.Should().Be("transaction");
        await server.ReturnAsync(2, "{}", token);
        await commit;
        var next = client.ExecuteAsync(QmpRequest.Raw("query-status"), token);
        (await server.ReadAsync(token)).Name.Should().Be("query-status");
        await server.ReturnAsync(4, "{}", token);
        await next;
    }

    [Fact(Timeout = 60_000)]
    public async Task Every_outcome_gives_its_place_back()
    {
        var token = TestContext.Current.CancellationToken;
        (var client, var server) = await FakeQmpServer.ConnectAsync(token, new() { MaxInFlight = 1 });
        await using var _ = client;
        for (var round = 0; round < 3; round++)
        {
            var dropped = await client.PrepareAsync(Transaction, token);
            var discard = dropped.DiscardAsync();
            await server.ReadTextAsync(Prefix.Length + 2, token);
            await server.SendAsync(Stray, token);
            await discard;
            var prepared = await client.PrepareAsync(Transaction, token);
            var commit = prepared.CommitAsync(token);
            await server.ReturnAsync((await server.ReadAsync(token)).Id, "{}", token);
            await commit;
        }
    }

    private static System.Text.Json.JsonElement JsonElementOf(string json)
    {
        using var document = System.Text.Json.JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}
