using System.Text;
using System.Text.Json;
using QmpBackup.Qmp.Qapi;

namespace QmpBackup.Qmp.Tests.Hostile;

/// <summary>For any message from QEMU or a guest agent, the caller gets a readable answer or an exception of this library.</summary>
public sealed class HostileMessageTests
{
    private const int Rounds = 300;

    private static readonly string[] Honest =
    [
        """{"return": [{"node-name": "disk0", "file": "/var/lib/ünïcode.qcow2", "image": {"virtual-size": 1048576, "cluster-size": 65536}}], "id": 2}""",
        """{"return": {"status": "running", "running": true, "singlestep": false}, "id": 2}""",
        """{"id": 2, "error": {"class": "GenericError", "desc": "Node 'x' not found 😀"}}""",
        """{"timestamp": {"seconds": 1700000000, "microseconds": 1}, "event": "BLOCK_IO_ERROR", "data": {"device": "a", "nospace": true}}""",
        FakeQmpServer.Greeting,
    ];

    public static TheoryData<string, string> Unreadable => new()
    {
        { """{"a":"\ud800"}""", """{"a":"\ufffd"}""" },
        { """{"a":"\udc00x"}""", """{"a":"\ufffdx"}""" },
        { """{"\uDBFF\u0041":1}""", """{"\ufffd\u0041":1}""" },
        { """{"a":"\ud800\ud83d\ude00"}""", """{"a":"\ufffd\ud83d\ude00"}""" },
        { """{"a":"\ud83d\ude00"}""", """{"a":"\ud83d\ude00"}""" },
        { """{"a":"\\ud800"}""", """{"a":"\\ud800"}""" },
        { """{"a":"\\\ud800"}""", """{"a":"\\\ufffd"}""" },
        { """{"a":"ö\"😀"}""", """{"a":"ö\"😀"}""" },
    };

    [Theory]
    [MemberData(nameof(Unreadable))]
    public void Half_a_surrogate_pair_becomes_a_replacement_character(string sent, string expected)
    {
        var message = Encoding.UTF8.GetBytes(sent);

        JsonUnicode.Mend(message);

        Encoding.UTF8.GetString(message).Should().Be(expected);
        Mutation.ReadAll(JsonElement.Parse(message));
    }

    [Fact]
    public void Bytes_that_are_not_a_character_become_question_marks()
    {
        byte[] message = [.. "{\"a\":\"x"u8, 0xc3, .. "y"u8, 0xff, 0xed, 0xa0, 0x80, .. "ö\"}"u8];

        JsonUnicode.Mend(message);

        JsonElement.Parse(message).GetProperty("a").GetString().Should().Be("x?y????ö");
    }

    [Fact]
    public void A_null_is_allowed_in_an_object_that_holds_many_levels_of_lists()
    {
        var deep = new string('[', 100) + new string(']', 100);

        var check = () => UntrustedJson.ThrowIfNullInArray(Encoding.UTF8.GetBytes($$"""{"a":{{deep}},"b":null}"""), maxDepth: 1024);

        check.Should().NotThrow();
    }

    [Fact]
    public void A_null_is_refused_in_a_list_that_holds_many_levels_of_objects()
    {
        var deep = string.Concat(Enumerable.Repeat("{\"a\":", 100)) + "1" + new string('}', 100);

        var check = () => UntrustedJson.ThrowIfNullInArray(Encoding.UTF8.GetBytes($"[{deep},null]"), maxDepth: 1024);

        check.Should().Throw<JsonException>().WithMessage("*null in a list*");
    }

    [Fact(Timeout = 60_000)]
    public async Task A_command_ends_with_an_answer_that_can_be_read_or_with_an_error()
    {
        var random = new Random(20261125);
        for (var round = 0; round < Rounds; round++)
        {
            byte[] sent = [.. Enumerable.Range(0, random.Next(1, 4)).SelectMany(_ => Mutation.Of(Honest[random.Next(Honest.Length)], random))];
            var failure = await Record.ExceptionAsync(() => ReceiveAsync(sent, TestContext.Current.CancellationToken));

            if (failure is not null)
                failure.Should().BeAssignableTo<QmpException>($"this was sent in round {round}: {Encoding.Latin1.GetString(sent)}");
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task A_command_of_the_guest_agent_ends_with_an_answer_that_can_be_read_or_with_an_error()
    {
        var random = new Random(20171207);
        for (var round = 0; round < Rounds; round++)
        {
            var sent = Mutation.Of(Honest[random.Next(3)], random);
            var failure = await Record.ExceptionAsync(() => AskAgentAsync(sent, TestContext.Current.CancellationToken));

            if (failure is not null)
                failure.Should().BeAssignableTo<GuestAgentException>($"this was sent in round {round}: {Encoding.Latin1.GetString(sent)}");
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task Duplicate_member_names_are_accepted()
    {
        var token = TestContext.Current.CancellationToken;
        (var client, var server) = await FakeQmpServer.ConnectAsync(token);
        await using var owned = client;
        await using var other = server;
        var asking = client.QueryStatusAsync(token);
        var command = await server.ReadAsync(token);

        await server.ReturnAsync(command.Id, """{"status": "paused", "running": false, "status": "running", "running": true}""", token);

        (await asking).Status.Should().Be(RunState.Running);
    }

    private static async Task ReceiveAsync(byte[] sent, CancellationToken token)
    {
        (var client, var server) = await FakeQmpServer.ConnectAsync(token);
        await using var owned = client;
        await using var other = server;
        var events = client.Subscribe();
        var raw = client.ExecuteAsync(QmpRequest.Raw("query-status"), token);
        await server.ReadAsync(token);
        await server.SendRawAsync(sent, token);
        server.Close();
        try
        {
            Mutation.ReadAll(await raw);
        }
        finally
        {
            while (events.TryRead(out var item))
            {
                Mutation.ReadAll(item.Data);
                if (item.Is<BlockIOErrorEvent>())
                    _ = item.GetData<BlockIOErrorEvent>();
            }
        }
    }

    // Answers the first synchronization correctly, so that the next message is the answer to the command.
    private static async Task AskAgentAsync(byte[] sent, CancellationToken token)
    {
        (var left, var right) = DuplexStream.CreatePair();
        await using var client = GuestAgentClient.Create(_ => Task.FromResult<Stream>(left));
        var asking = client.ExecuteAsync(QmpRequest.Raw("guest-info"), TimeSpan.FromSeconds(30), token);
        using var lines = new StreamReader(right, Encoding.Latin1, false, 256);
        var sync = (await lines.ReadLineAsync(token))!;
        var id = JsonElement.Parse(sync[1..]).GetProperty("arguments").GetProperty("id").GetRawText();
        await right.WriteAsync(new byte[] { 0xff }.Concat(Encoding.ASCII.GetBytes($"{{\"return\": {id}}}\n")).ToArray(), token);
        await lines.ReadLineAsync(token);
        await right.WriteAsync(sent, token);
        await right.DisposeAsync();
        Mutation.ReadAll(await asking);
    }
}
