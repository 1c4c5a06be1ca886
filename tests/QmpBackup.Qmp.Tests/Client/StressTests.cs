using System.Text.Json;

namespace QmpBackup.Qmp.Tests;

public sealed class StressTests
{
    [Theory(Timeout = 60_000)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Calls_cancelled_at_any_moment_leave_the_session_intact(int seed)
    {
        var token = TestContext.Current.CancellationToken;
        (var client, var server) = await FakeQmpServer.ConnectAsync(token, capacity: 512);
        await using var disposeClient = client;
        await using var disposeServer = server;
        var serving = ServeAsync(server, new Random(seed), token);
        var random = new Random(seed);
        var answered = 0;
        var cancelledCalls = 0;

        Task[] callers = [.. Enumerable.Range(0, 400).Select(i => CallAsync(i, random.Next(4) == 0 ? null : random.Next(30)))];
        await Task.WhenAll(callers);

        // All places are free again: that many commands can be pending together.
        Task<JsonElement>[] last = [.. Enumerable.Range(1000, 8).Select(i => client.ExecuteAsync(Echo(i), token))];
        (await Task.WhenAll(last)).Select(answer => answer.GetInt32()).Should().Equal(Enumerable.Range(1000, 8));
        (answered + cancelledCalls).Should().Be(400);
        answered.Should().BePositive();
        cancelledCalls.Should().BePositive();
        client.CloseReason.Should().BeNull();
        await client.DisposeAsync();
        await serving;

        async Task CallAsync(int number, int? patience)
        {
            using var source = CancellationTokenSource.CreateLinkedTokenSource(token);
            var call = client.ExecuteAsync(Echo(number), source.Token);
            for (var i = 0; i < patience; i++)
                await Task.Yield();
            if (patience is not null)
                await source.CancelAsync();
            try
            {
                (await call).GetInt32().Should().Be(number);
                Interlocked.Increment(ref answered);
            }
            catch (OperationCanceledException)
            {
                Interlocked.Increment(ref cancelledCalls);
            }
        }
    }

    private static QmpRequest Echo(int number) =>
        QmpRequest.Raw("echo", JsonDocument.Parse("{\"n\":" + number + ",\"x\":\"" + new string('x', number % 300) + "\"}").RootElement);

    /// <summary>Answers all commands in a random order, and throws if a message is incomplete.</summary>
    private static async Task ServeAsync(FakeQmpServer server, Random random, CancellationToken token)
    {
        var waiting = new List<FakeCommand>();
        try
        {
            var next = server.ReadAsync(token);
            while (true)
            {
                // With eight pending commands the client may wait for an answer before it sends another.
                if (waiting.Count < 8 && (waiting.Count == 0 || next.IsCompleted || random.Next(3) == 0 && await IsSoonAsync(next)))
                {
                    waiting.Add(await next);
                    next = server.ReadAsync(token);
                    continue;
                }

                var pick = random.Next(waiting.Count);
                var command = waiting[pick];
                waiting.RemoveAt(pick);
                await server.ReturnAsync(command.Id, command.Json.GetProperty("arguments").GetProperty("n").GetRawText(), token);
            }
        }
        catch (Exception exception) when (exception is EndOfStreamException or InvalidOperationException or ObjectDisposedException)
        {
            // The client has gone.
        }
    }

    private static async Task<bool> IsSoonAsync(Task task)
    {
        for (var i = 0; i < 20 && !task.IsCompleted; i++)
            await Task.Yield();
        return task.IsCompleted;
    }
}
