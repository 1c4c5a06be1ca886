using System.Threading.Channels;
using Microsoft.Extensions.Time.Testing;
using QmpBackup.Qmp.Qapi;

namespace QmpBackup.Qmp.Tests;

public sealed class EventTests
{
    private const string Stop = """{"event": "STOP"}""";

    [Fact(Timeout = 30_000)]
    public async Task Subscriptions_get_their_events_in_order()
    {
        var token = TestContext.Current.CancellationToken;
        (var client, var server) = await FakeQmpServer.ConnectAsync(token);
        await using var _ = client;
        await using var jobs = client.Subscribe(JobStatusChangeEvent.EventName, BlockJobCancelledEvent.EventName);
        await using var all = client.Subscribe();
        await server.EventAsync("JOB_STATUS_CHANGE", """{"id":"j1","status":"created"}""", token);
        await server.EventAsync("STOP", "{}", token);
        await server.EventAsync("JOB_STATUS_CHANGE", """{"id":"j1","status":"flying"}""", token);
        server.Close();
        await client.Completion;

        var seen = await DrainAsync(jobs, token);
        seen.Select(item => item.GetData<JobStatusChangeEvent>().Status).Should().Equal(JobStatus.Created, new JobStatus("flying"));
        (await DrainAsync(all, token)).Select(item => item.Name).Should().Equal("JOB_STATUS_CHANGE", "STOP", "JOB_STATUS_CHANGE");
        seen[0].Timestamp.Should().Be(DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_123).AddMicroseconds(456));
    }

    [Theory(Timeout = 30_000)]
    [InlineData("""{"event":"STOP","timestamp":{"seconds":-1,"microseconds":-1}}""")]
    [InlineData("""{"timestamp":{"seconds":99999999999999,"microseconds":0},"event":"STOP"}""")]
    [InlineData("""{"timestamp":{"seconds":1e400,"microseconds":0},"event":"STOP"}""")]
    [InlineData("""{"timestamp":{"seconds":[1],"microseconds":{}},"event":"STOP"}""")]
    [InlineData("""{"timestamp":null,"event":"STOP"}""")]
    [InlineData("""{"event":"STOP"}""")]
    public async Task An_event_without_a_valid_time_has_no_timestamp(string message)
    {
        var token = TestContext.Current.CancellationToken;
        (var client, var server) = await FakeQmpServer.ConnectAsync(token);
        await using var _ = client;
        await using var events = client.Subscribe("STOP");
        await server.SendAsync(message, token);

        var item = await events.WaitForEventAsync(_ => true, token);
        item.Timestamp.Should().BeNull();
        item.Data.GetRawText().Should().Be("{}");
        item.GetData<StopEvent>().Should().Be(new StopEvent());
    }

    [Fact(Timeout = 30_000)]
    public async Task A_flood_of_unwanted_events_takes_no_room_in_a_subscription()
    {
        var token = TestContext.Current.CancellationToken;
        (var client, var server) = await FakeQmpServer.ConnectAsync(token, new() { EventBufferSize = 4 });
        await using var _ = client;
        await using var ends = client.Subscribe(item => item.GetData<JobStatusChangeEvent>().Status == JobStatus.Concluded, "JOB_STATUS_CHANGE");
        await server.EventAsync("JOB_STATUS_CHANGE", """{"id":"j1","status":"concluded"}""", token);
        for (var i = 0; i < 10; i++)
            await server.EventAsync("JOB_STATUS_CHANGE", """{"id":"j1","status":"paused"}""", token);
        server.Close();
        await client.Completion;

        (await DrainAsync(ends, token)).Should().ContainSingle();
        ends.DroppedCount.Should().Be(0);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_full_subscription_drops_its_oldest_events_and_blocks_no_other_reader()
    {
        var token = TestContext.Current.CancellationToken;
        using var logs = new LogCapture();
        (var client, var server) =
            await FakeQmpServer.ConnectAsync(token, new() { EventBufferSize = 4, LoggerFactory = logs });
        await using var _ = client;
        await using var slow = client.Subscribe("N");
        for (var i = 0; i < 10; i++)
            await server.EventAsync("N", $$"""{"i":{{i}}}""", token);
        server.Close();
        await client.Completion;

        (await DrainAsync(slow, token)).Select(item => item.Data.GetProperty("i").GetInt32()).Should().Equal(6, 7, 8, 9);
        slow.DroppedCount.Should().Be(6);
        logs.Entries.Count(entry => entry.EventId == QmpLogEvents.EventsDropped).Should().Be(1);
    }

    [Fact(Timeout = 30_000)]
    public async Task Huge_unread_events_take_no_more_memory_than_documented()
    {
        var token = TestContext.Current.CancellationToken;
        (var client, var server) = await FakeQmpServer.ConnectAsync(token);
        await using var _ = client;
        await using var slow = client.Subscribe("N");
        var huge = new string('x', 3 * 1024 * 1024);
        for (var i = 0; i < 20; i++)
            await server.EventAsync("N", $$"""{"i":{{i}},"x":"{{huge}}"}""", token);
        await server.EventAsync("N", """{"i":20}""", token);
        server.Close();
        await client.Completion;

        (await DrainAsync(slow, token)).Select(item => item.Data.GetProperty("i").GetInt32()).Should().Equal(15, 16, 17, 18, 19, 20);
        slow.DroppedCount.Should().Be(15);
    }

    [Fact(Timeout = 30_000)]
    public async Task Reading_ends_with_the_reason_after_the_last_event()
    {
        var token = TestContext.Current.CancellationToken;
        (var client, var server) = await FakeQmpServer.ConnectAsync(token);
        await using var _ = client;
        await using var events = client.Subscribe();
        await server.SendAsync(Stop, token);
        server.Close();

        var seen = new List<string>();
        Func<Task> read = async () =>
        {
            await foreach (var item in events.WithCancellation(token))
                seen.Add(item.Name);
        };
        (await read.Should().ThrowAsync<QmpConnectionClosedException>()).Which.Cause.Should().Be(QmpCloseCause.ClosedByPeer);
        seen.Should().Equal("STOP");
        await events.Invoking(it => it.WaitForEventAsync(_ => true, token)).Should().ThrowAsync<QmpConnectionClosedException>();
    }

    [Fact(Timeout = 30_000)]
    public async Task Reading_ends_without_an_exception_when_the_client_or_the_subscription_is_disposed()
    {
        var token = TestContext.Current.CancellationToken;
        (var client, var _) = await FakeQmpServer.ConnectAsync(token);
        var one = client.Subscribe();
        var two = client.Subscribe();
        await one.DisposeAsync();
        await one.DisposeAsync();
        (await DrainAsync(one, token)).Should().BeEmpty();

        var reading = DrainAsync(two, token);
        await client.DisposeAsync();
        (await reading).Should().BeEmpty();
        await two.Invoking(it => it.WaitForEventAsync(_ => true, token)).Should().ThrowAsync<QmpConnectionClosedException>();
        (await DrainAsync(client.Subscribe("STOP"), token)).Should().BeEmpty();
    }

    [Fact(Timeout = 30_000)]
    public async Task Waiting_for_an_event_skips_others_and_ends_at_the_time_limit()
    {
        var token = TestContext.Current.CancellationToken;
        var time = new FakeTimeProvider();
        (var client, var server) = await FakeQmpServer.ConnectAsync(token, new() { TimeProvider = time });
        await using var _ = client;
        await using var events = client.Subscribe(JobStatusChangeEvent.EventName);
        await server.EventAsync("JOB_STATUS_CHANGE", """{"id":"j1","status":"running"}""", token);
        await server.EventAsync("JOB_STATUS_CHANGE", """{"id":"j1","status":"concluded"}""", token);

        var concluded = await events.WaitForEventAsync(
            item => item.GetData<JobStatusChangeEvent>().Status == JobStatus.Concluded, TimeSpan.FromSeconds(5), token);
        concluded.GetData<JobStatusChangeEvent>().Id.Should().Be("j1");

        var never = events.WaitForEventAsync(_ => true, TimeSpan.FromSeconds(5), token);
        await time.PassUntilDoneAsync(never, token);
        (await never.Invoking(task => task).Should().ThrowAsync<QmpTimeoutException>()).Which.Message.Should()
            .Be("No matching JOB_STATUS_CHANGE event came within 5 s.");

        await events.Invoking(it => it.WaitForEventAsync(_ => true, TimeSpan.FromSeconds(5), new CancellationToken(true)))
            .Should().ThrowAsync<OperationCanceledException>();
    }

    [Fact(Timeout = 30_000)]
    public async Task A_reader_that_throws_does_not_disturb_other_readers()
    {
        var token = TestContext.Current.CancellationToken;
        (var client, var server) = await FakeQmpServer.ConnectAsync(token);
        await using var _ = client;
        await using var bad = client.Subscribe();
        await using var good = client.Subscribe();
        await server.SendAsync(Stop, token);

        await bad.Invoking(it => it.WaitForEventAsync(_ => throw new InvalidDataException(), token))
            .Should().ThrowAsync<InvalidDataException>();
        (await good.WaitForEventAsync(_ => true, token)).Name.Should().Be("STOP");
    }

    [Fact]
    public void Data_of_another_event_type_or_another_form_is_refused()
    {
        var item = new QmpEvent { Name = "STOP", Data = System.Text.Json.JsonDocument.Parse("""{"id":5}""").RootElement };

        item.Invoking(it => it.GetData<JobStatusChangeEvent>()).Should().Throw<InvalidOperationException>();
        item.TryGetData<JobStatusChangeEvent>(out var _).Should().BeFalse();
        item.Invoking(it => it.GetData(JobStatusChangeEvent.JsonTypeInfo)).Should().Throw<QmpProtocolException>();
    }

    [Fact(Timeout = 30_000)]
    public async Task A_subscription_can_be_created_from_any_source_of_events()
    {
        var token = TestContext.Current.CancellationToken;
        var channel = Channel.CreateUnbounded<QmpEvent>();
        var item = new QmpEvent { Name = "STOP", Data = default };
        channel.Writer.TryWrite(item).Should().BeTrue();
        channel.Writer.Complete();
        await using var events = new QmpEventSubscription(channel.Reader);

        (await DrainAsync(events, token)).Should().Equal(item);
        events.TryRead(out _).Should().BeFalse();
    }

    private static async Task<List<QmpEvent>> DrainAsync(QmpEventSubscription events, CancellationToken token)
    {
        var seen = new List<QmpEvent>();
        try
        {
            await foreach (var item in events.WithCancellation(token))
                seen.Add(item);
        }
        catch (QmpConnectionClosedException)
        {
            // The server side ended it.
        }

        return seen;
    }
}
