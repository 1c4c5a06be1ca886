using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using QmpBackup.Qmp.Qapi;

namespace QmpBackup.Qmp.Tests;

public sealed class CommandTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new();
    private readonly LogCapture _logs = new();
    private QmpClient _client = null!;
    private FakeQmpServer _server = null!;

    public async ValueTask InitializeAsync() => (_client, _server) = await FakeQmpServer.ConnectAsync(
        TestContext.Current.CancellationToken, new() { TimeProvider = _time, LoggerFactory = _logs, Name = "vm1", MaxDepth = 64 });

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _server.DisposeAsync();
        _logs.Dispose();
    }

    [Fact(Timeout = 30_000)]
    public async Task A_command_is_sent_as_one_line_of_json_with_an_id()
    {
        var token = TestContext.Current.CancellationToken;
        var call = _client.BlockdevDelAsync("node \"ü\"", token);
        var command = await _server.ReadAsync(token);

        command.Line.Should().Be("{\"execute\":\"blockdev-del\",\"arguments\":{\"node-name\":\"node \\\"ü\\\"\"},\"id\":" + command.Id + "}");
        await _server.ReturnAsync(command.Id, "{}", token);
        await call;
    }

    [Fact(Timeout = 30_000)]
    public async Task Answers_in_any_order_reach_their_callers()
    {
        var token = TestContext.Current.CancellationToken;
        var calls = new List<Task<JsonElement>>();
        var commands = new List<FakeCommand>();
        for (var i = 0; i < 8; i++)
        {
            calls.Add(_client.ExecuteAsync(QmpRequest.Raw($"c{i}"), token));
            commands.Add(await _server.ReadAsync(token));
        }

        foreach (var command in Enumerable.Reverse(commands))
            await _server.ReturnAsync(command.Id, $"\"{command.Name}\"", token);

        (await Task.WhenAll(calls)).Select(answer => answer.GetString()).Should().Equal("c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7");
        commands.Select(command => command.Id).Should().OnlyHaveUniqueItems();
    }

    [Fact(Timeout = 30_000)]
    public async Task Answers_and_events_in_one_write_all_arrive()
    {
        var token = TestContext.Current.CancellationToken;
        await using var events = _client.Subscribe();
        var one = _client.ExecuteAsync(QmpRequest.Raw("one"), token);
        var two = _client.ExecuteAsync(QmpRequest.Raw("two"), token);
        var first = (await _server.ReadAsync(token)).Id;
        var second = (await _server.ReadAsync(token)).Id;

        await _server.SendAsync($$"""{"event":"STOP"}{"return":1,"id":{{first}}}{"event":"RESUME"} {"id":{{second}},"return":2}""", token);

        (await one).GetInt32().Should().Be(1);
        (await two).GetInt32().Should().Be(2);
        (await events.WaitForEventAsync(item => item.Is<ResumeEvent>(), token)).Name.Should().Be("RESUME");
    }

    [Fact(Timeout = 30_000)]
    public async Task A_refusal_has_its_class_and_an_escaped_description()
    {
        var token = TestContext.Current.CancellationToken;
        var call = _client.BlockdevDelAsync("x", token);
        var id = (await _server.ReadAsync(token)).Id;
        await _server.SendAsync(
            $$$"""{"error":{"extra":[{}],"desc":"no\u001b[2J node","class":"GenericError","more":1},"x":{"return":1},"id":{{{id}}}}""", token);

        var error = await Fails<QmpCommandException>(call);
        error.ErrorClass.Should().Be(QmpErrorClass.GenericError);
        error.CommandName.Should().Be("blockdev-del");
        error.Description.Should().Be("no\\u001b[2J node");
        error.Message.Should().Be("QEMU refused \"blockdev-del\": no\\u001b[2J node (GenericError)");
    }

    [Fact(Timeout = 30_000)]
    public async Task An_answer_of_the_wrong_type_fails_only_its_call()
    {
        var token = TestContext.Current.CancellationToken;
        var wrong = _client.QueryStatusAsync(token);
        await _server.ReturnAsync((await _server.ReadAsync(token)).Id, "{\"running\":\"perhaps\",\"status\":\"running\"}", token);
        (await Fails<QmpProtocolException>(wrong)).Message.Should().Contain("\"query-status\"");

        var missing = _client.QueryStatusAsync(token);
        await _server.ReturnAsync((await _server.ReadAsync(token)).Id, "{\"running\":true}", token);
        await Fails<QmpProtocolException>(missing);

        var none = _client.QueryStatusAsync(token);
        await _server.ReturnAsync((await _server.ReadAsync(token)).Id, "null", token);
        await Fails<QmpProtocolException>(none);
        await AssertAliveAsync();
    }

    [Fact(Timeout = 30_000)]
    public async Task Unknown_values_and_members_are_accepted()
    {
        var token = TestContext.Current.CancellationToken;
        var call = _client.QueryStatusAsync(token);
        await _server.ReturnAsync(
            (await _server.ReadAsync(token)).Id, "{\"new\":{\"a\":[]},\"status\":\"hovering\",\"running\":true}", token);

        var status = await call;
        status.Status.Value.Should().Be("hovering");
        status.Running.Should().BeTrue();
    }

    [Fact(Timeout = 30_000)]
    public async Task Answers_with_unknown_ids_and_unknown_messages_are_dropped()
    {
        var token = TestContext.Current.CancellationToken;
        await _server.SendAsync("""{"return":{},"id":4711}{"return":{},"id":"x"}{"return":{}}{"id":4712,"error":{"class":"a","desc":"b"}}{"hello":1}{}""", token);
        await AssertAliveAsync();

        _logs.Entries.Count(entry => entry.EventId == QmpLogEvents.UnknownReply).Should().Be(4);
        _logs.Entries.Count(entry => entry.EventId == QmpLogEvents.UnknownMessage).Should().Be(2);
    }

    [Fact(Timeout = 30_000)]
    public async Task An_error_without_an_id_belongs_to_the_only_pending_command()
    {
        var token = TestContext.Current.CancellationToken;
        Task call = _client.ExecuteAsync(QmpRequest.Raw("x"), token);
        await _server.ReadAsync(token);
        await _server.SendAsync("""{"error": {"class": "GenericError", "desc": "JSON parse error"}}""", token);

        (await Fails<QmpCommandException>(call)).CommandName.Should().Be("x");
        await AssertAliveAsync();
    }

    [Fact(Timeout = 30_000)]
    public async Task An_error_without_an_id_ends_the_session_when_it_may_belong_to_several_commands()
    {
        var token = TestContext.Current.CancellationToken;
        Task one = _client.ExecuteAsync(QmpRequest.Raw("one"), token);
        Task two = _client.ExecuteAsync(QmpRequest.Raw("two"), token);
        await _server.ReadAsync(token);
        await _server.ReadAsync(token);
        await _server.SendAsync("""{"error": {"class": "GenericError", "desc": "JSON parse error"}}""", token);

        (await Fails<QmpConnectionClosedException>(one)).Cause.Should().Be(QmpCloseCause.ProtocolError);
        (await Fails<QmpConnectionClosedException>(two)).CommandSent.Should().BeTrue();
        _logs.Has(QmpLogEvents.ErrorWithoutId).Should().BeTrue();
    }

    [Fact(Timeout = 30_000)]
    public async Task A_command_without_an_answer_times_out_and_its_late_answer_is_dropped()
    {
        var token = TestContext.Current.CancellationToken;
        var call = _client.BlockdevDelAsync("x", token);
        var late = await _server.ReadAsync(token);
        _time.Advance(TimeSpan.FromSeconds(29));
        call.IsCompleted.Should().BeFalse();
        _logs.Has(QmpLogEvents.SlowReply).Should().BeTrue();
        _time.Advance(TimeSpan.FromSeconds(1));

        var error = await Fails<QmpTimeoutException>(call);
        error.CommandName.Should().Be("blockdev-del");
        error.CommandSent.Should().BeTrue();
        error.Timeout.Should().Be(TimeSpan.FromSeconds(30));
        error.InnerException.Should().BeOfType<TimeoutException>();

        await _server.ReturnAsync(late.Id, "{}", token);
        await AssertAliveAsync();
        _logs.Has(QmpLogEvents.LateReply).Should().BeTrue();
    }

    [Fact(Timeout = 30_000)]
    public async Task A_call_can_have_its_own_time_limit()
    {
        var token = TestContext.Current.CancellationToken;
        Task brief = _client.ExecuteAsync(MiscCommands.Cont.Request, TimeSpan.FromSeconds(2), token);
        Task endless = _client.ExecuteAsync(QmpRequest.Raw("endless"), Timeout.InfiniteTimeSpan, token);
        await _server.ReadAsync(token);
        var second = await _server.ReadAsync(token);
        _time.Advance(TimeSpan.FromDays(1));

        (await Fails<QmpTimeoutException>(brief)).Timeout.Should().Be(TimeSpan.FromSeconds(2));
        endless.IsCompleted.Should().BeFalse();
        await _server.ReturnAsync(second.Id, "{}", token);
        await endless;
    }

    [Fact(Timeout = 30_000)]
    public async Task Cancelling_stops_waiting_and_drops_the_answer()
    {
        var token = TestContext.Current.CancellationToken;
        using var source = new CancellationTokenSource();
        Task call = _client.ExecuteAsync(MiscCommands.Cont.Request, source.Token);
        var command = await _server.ReadAsync(token);
        await source.CancelAsync();

        var error = await Fails<OperationCanceledException>(call);
        error.CancellationToken.Should().Be(source.Token);
        await _server.ReturnAsync(command.Id, "{}", token);
        await AssertAliveAsync();
        _logs.Has(QmpLogEvents.LateReply).Should().BeTrue();
    }

    [Fact(Timeout = 30_000)]
    public async Task Cancelling_before_the_call_sends_nothing_and_after_the_answer_changes_nothing()
    {
        var token = TestContext.Current.CancellationToken;
        await Fails<OperationCanceledException>(_client.ExecuteAsync(QmpRequest.Raw("never"), new CancellationToken(canceled: true)));

        using var source = new CancellationTokenSource();
        var call = _client.ExecuteAsync(QmpRequest.Raw("x"), source.Token);
        var command = await _server.ReadAsync(token);
        command.Name.Should().Be("x");
        await _server.ReturnAsync(command.Id, "1", token);
        (await call).GetInt32().Should().Be(1);
        await source.CancelAsync();
        await AssertAliveAsync();
    }

    [Fact(Timeout = 30_000)]
    public async Task At_most_eight_commands_are_pending_in_qemu()
    {
        var token = TestContext.Current.CancellationToken;
        Task<JsonElement>[] calls = [.. Enumerable.Range(0, 9).Select(i => _client.ExecuteAsync(QmpRequest.Raw($"c{i}"), token))];
        var commands = new List<FakeCommand>();
        for (var i = 0; i < 8; i++)
            commands.Add(await _server.ReadAsync(token));

        var ninth = _server.ReadAsync(token);
        await _server.ReturnAsync(commands[3].Id, "{}", token);
        await calls[3];
        (await ninth).Name.Should().Be("c8");
        commands.Select(command => command.Name).Should().BeEquivalentTo("c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7");
    }

    [Fact(Timeout = 30_000)]
    public async Task Cancelled_commands_keep_their_place_until_they_are_answered()
    {
        var token = TestContext.Current.CancellationToken;
        Task[] calls = [.. Enumerable.Range(0, 8).Select(i => _client.ExecuteAsync(QmpRequest.Raw($"c{i}"), TimeSpan.FromSeconds(1), token))];
        var commands = new List<FakeCommand>();
        for (var i = 0; i < 8; i++)
            commands.Add(await _server.ReadAsync(token));
        _time.Advance(TimeSpan.FromSeconds(1));
        foreach (var call in calls)
            await Fails<QmpTimeoutException>(call);

        Task blocked = _client.ExecuteAsync(QmpRequest.Raw("blocked"), TimeSpan.FromSeconds(1), token);
        await _time.PassUntilDoneAsync(blocked, token);
        var error = await Fails<QmpTimeoutException>(blocked);
        error.CommandSent.Should().BeFalse();
        error.Message.Should().Contain("will not be");

        await _server.ReturnAsync(commands[0].Id, "{}", token);
        await AssertAliveAsync();
    }

    [Fact(Timeout = 30_000)]
    public async Task Payloads_are_logged_only_at_trace_level_and_without_secrets()
    {
        var token = TestContext.Current.CancellationToken;
        var call = _client.ObjectAddAsync(new ObjectOptionsSecret { Id = "sec0", Data = "hunter2" }, token);
        var command = await _server.ReadAsync(token);
        command.Line.Should().Contain("hunter2");
        await _server.ReturnAsync(command.Id, "{}", token);
        await call;

        _logs.Text.Should().NotContain("hunter2").And.Contain("\"id\":\"sec0\"");
        _logs.Entries.Where(entry => entry.Message.Contains("sec0", StringComparison.Ordinal))
            .Should().OnlyContain(entry => entry.EventId == QmpLogEvents.PayloadSent);
    }

    [Theory(Timeout = 30_000)]
    [InlineData("{\"return\":{]}")]
    [InlineData("{\"return\" {}}")]
    [InlineData("{\"error\":\"no\",\"id\":1}")]
    [InlineData("{\"event\":5}")]
    [InlineData("(qemu)")]
    public async Task Data_that_is_not_qmp_ends_the_session(string says)
    {
        var token = TestContext.Current.CancellationToken;
        Task call = _client.ExecuteAsync(QmpRequest.Raw("x"), token);
        await _server.ReadAsync(token);
        await _server.SendAsync(says, token);

        (await Fails<QmpConnectionClosedException>(call)).Cause.Should().Be(QmpCloseCause.ProtocolError);
        await _client.Completion;
        (await _server.IsAtEndAsync(token)).Should().BeTrue();
    }

    [Fact(Timeout = 30_000)]
    public async Task An_answer_nested_too_deeply_ends_the_session()
    {
        var token = TestContext.Current.CancellationToken;
        Task call = _client.ExecuteAsync(QmpRequest.Raw("x"), token);
        var id = (await _server.ReadAsync(token)).Id;
        await _server.ReturnAsync(id, new string('[', 65) + new string(']', 65), token);

        (await Fails<QmpConnectionClosedException>(call)).Message.Should().Contain("64 levels");
    }

    private async Task AssertAliveAsync()
    {
        var token = TestContext.Current.CancellationToken;
        var call = _client.ExecuteAsync(QmpRequest.Raw("alive"), token);
        var command = await _server.ReadAsync(token);
        command.Name.Should().Be("alive");
        await _server.ReturnAsync(command.Id, "true", token);
        (await call).GetBoolean().Should().BeTrue();
    }

    private static async Task<T> Fails<T>(Task task)
        where T : Exception => (await task.Invoking(it => it).Should().ThrowAsync<T>()).Which;

    [Fact(Timeout = 30_000)]
    public async Task A_disk_with_a_thousand_backing_files_is_read()
    {
        var token = TestContext.Current.CancellationToken;
        (var client, var server) = await FakeQmpServer.ConnectAsync(token);
        await using (client)
        await using (server)
        {
            const int Files = 1000;
            const string Image = "{\"filename\":\"f\",\"format\":\"qcow2\",\"virtual-size\":4096,\"dirty-flag\":false";
            var images = string.Concat(Enumerable.Repeat(Image + ",\"backing-image\":", Files)) + Image + new string('}', Files + 1);
            var inserted = "{\"file\":\"f\",\"node-name\":\"d0\",\"ro\":false,\"drv\":\"qcow2\",\"encrypted\":false,"
                + "\"backing_file_depth\":1000,\"detect_zeroes\":\"off\",\"write_threshold\":0,"
                + "\"bps\":0,\"bps_rd\":0,\"bps_wr\":0,\"iops\":0,\"iops_rd\":0,\"iops_wr\":0,"
                + "\"cache\":{\"writeback\":true,\"direct\":false,\"no-flush\":false},\"image\":" + images + "}";

            var call = client.QueryBlockAsync(cancellationToken: token);
            var command = await server.ReadAsync(token);
            await server.ReturnAsync(command.Id, "[{\"device\":\"\",\"type\":\"unknown\",\"removable\":false,\"locked\":false,\"inserted\":" + inserted + "}]", token);

            var depth = 0;
            for (var image = (await call)[0].Inserted!.Image; image is not null; image = image.BackingImage)
                depth++;
            depth.Should().Be(Files + 1);
        }
    }
}
