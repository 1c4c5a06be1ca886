using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using QmpBackup.Qmp.Agent;

namespace QmpBackup.Qmp.Tests.GuestAgent;

public sealed class GuestAgentCommandTests : AgentTest
{
    private const string AllCommands = """
        {"version":"9.2.0","supported_commands":[
          {"name":"guest-exec","enabled":true,"success-response":true},{"name":"guest-exec-status","enabled":true},
          {"name":"guest-get-fsinfo","enabled":true},{"name":"guest-get-osinfo","enabled":true},
          {"name":"guest-set-user-password","enabled":true},{"name":"guest-odd","enabled":true,"success-response":false},
          {"name":"guest-shutdown","enabled":true,"success-response":false}]}
        """;

    [Fact(Timeout = 60_000)]
    public async Task Typed_commands_read_the_answers_of_the_agent()
    {
        var token = TestContext.Current.CancellationToken;
        Agent.OnEvery("guest-info").Return(AllCommands);
        Agent.OnEvery("guest-get-fsinfo").Return("""
            [{"name":"vda1","mountpoint":"/","type":"ext4","used-bytes":5,"total-bytes":18446744073709551615,"new-member":{"a":[1]},
              "disk":[{"pci-controller":{"domain":0,"bus":3,"slot":1,"function":0},"bus-type":"virtio","bus":0,"target":0,"unit":0,
                       "serial":"abc","dev":"/dev/vda1"}]},
             {"name":"x","mountpoint":"/x","type":"zfs","disk":[{"bus-type":"teleport","bus":0,"target":0,"unit":0,
              "pci-controller":{"domain":-1,"bus":-1,"slot":-1,"function":-1}}]}]
            """);
        Agent.OnEvery("guest-exec").Return("""{"pid":42}""");
        Agent.OnEvery("guest-exec-status").Return("""{"exited":true,"exitcode":3,"out-data":"aGVsbG8K","err-truncated":true}""");
        var client = Client();

        var info = await client.GuestInfoAsync(token);
        var systems = await client.GuestGetFsinfoAsync(token);
        var system = await client.GuestGetOsinfoAsync(token);
        var exec = await client.GuestExecAsync(
            new GuestExecArguments { Path = "/bin/cat", Arg = ["-n"], InputData = "hi"u8.ToArray(), CaptureOutput = true }, token);
        var status = await client.GuestExecStatusAsync(exec.Pid, token);

        info.Version.Should().Be("9.2.0");
        info.SupportedCommands.Should().Contain(command => command.Name == "guest-shutdown" && command.SuccessResponse == false);
        systems[0].TotalBytes.Should().Be(ulong.MaxValue);
        systems[0].Disk![0].BusType.Should().Be(GuestDiskBusType.Virtio);
        systems[0].Disk![0].PciController!.Bus.Should().Be(3);
        systems[1].Disk![0].BusType.Value.Should().Be("teleport");
        system.KernelRelease.Should().Be("6.1.0");
        system.Variant.Should().BeNull();
        exec.Pid.Should().Be(42);
        status.Should().Match<GuestExecStatus>(one => one.Exited && one.ExitCode == 3 && one.ErrTruncated == true && one.ErrData == null);
        Encoding.UTF8.GetString(status.OutData!.Value.Span).Should().Be("hello\n");
        Agent.Calls.Single(call => call.Name == "guest-exec").Message.Should()
            .Contain("""{"path":"/bin/cat","arg":["-n"],"input-data":"aGk=","capture-output":true}""");
    }

    [Fact(Timeout = 60_000)]
    public async Task Callers_can_send_synchronization_commands()
    {
        var token = TestContext.Current.CancellationToken;
        var client = Client();

        (await client.GuestSyncAsync(long.MaxValue, token)).Should().Be(long.MaxValue);
        (await client.GuestSyncDelimitedAsync(7, token)).Should().Be(7);
        (await client.GuestSyncAsync(8, token)).Should().Be(8);
    }

    [Fact(Timeout = 60_000)]
    public async Task Any_command_can_be_sent_raw()
    {
        var token = TestContext.Current.CancellationToken;
        var client = Client();

        var answer = await client.ExecuteAsync(QmpRequest.Raw("guest-get-osinfo"), token);

        answer.GetProperty("id").GetString().Should().Be("debian");
    }

    [Fact(Timeout = 60_000)]
    public async Task The_commands_of_the_agent_are_read_once()
    {
        var token = TestContext.Current.CancellationToken;
        var client = Client();

        await client.GuestGetOsinfoAsync(token);
        await client.GuestGetFsinfoAsync(token);

        Count("guest-info").Should().Be(1);
        Count("guest-sync-delimited").Should().Be(1);
    }

    [Fact(Timeout = 60_000)]
    public async Task The_commands_of_the_agent_are_read_again_after_freeze_and_thaw()
    {
        var token = TestContext.Current.CancellationToken;
        var client = Client();
        await client.GuestGetOsinfoAsync(token);
        await client.GuestFsfreezeFreezeAsync(token);

        Func<Task> act = () => client.GuestGetOsinfoAsync(token);
        (await act.Should().ThrowAsync<GuestAgentCommandUnavailableException>()).Which.Reason
            .Should().Be(GuestAgentCommandUnavailableReason.Disabled);
        await client.GuestFsfreezeThawAsync(token);

        await client.GuestGetOsinfoAsync(token);
        Count("guest-get-osinfo").Should().Be(2);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_command_that_the_agent_does_not_have_is_not_sent()
    {
        var token = TestContext.Current.CancellationToken;
        var client = Client();

        Func<Task> act = () => client.GuestExecAsync(new GuestExecArguments { Path = "/bin/true" }, token);

        var exception = (await act.Should().ThrowAsync<GuestAgentCommandUnavailableException>()).Which;
        exception.Reason.Should().Be(GuestAgentCommandUnavailableReason.Missing);
        exception.CommandSent.Should().BeFalse();
        Count("guest-exec").Should().Be(0);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_command_that_is_allowed_again_is_sent()
    {
        var token = TestContext.Current.CancellationToken;
        var client = Client();
        Agent.Disabled.Add("guest-get-osinfo");
        Func<Task> act = () => client.GuestGetOsinfoAsync(token);
        (await act.Should().ThrowAsync<GuestAgentCommandUnavailableException>()).Which.Reason
            .Should().Be(GuestAgentCommandUnavailableReason.Disabled);

        Agent.Disabled.Clear();

        (await client.GuestGetOsinfoAsync(token)).Id.Should().Be("debian");
    }

    [Fact(Timeout = 60_000)]
    public async Task A_command_is_tried_when_the_agent_refuses_guest_info()
    {
        var token = TestContext.Current.CancellationToken;
        var client = Client();
        Agent.Disabled.Add("guest-info");

        (await client.GuestGetOsinfoAsync(token)).Id.Should().Be("debian");
    }

    [Fact(Timeout = 60_000)]
    public async Task A_command_that_the_agent_does_not_know_is_unavailable()
    {
        var token = TestContext.Current.CancellationToken;
        var client = Client();
        Agent.OnEvery("guest-get-osinfo").Fail("CommandNotFound", "gone\u001b]0;x\u0007");

        Func<Task> act = () => client.GuestGetOsinfoAsync(token);

        var exception = (await act.Should().ThrowAsync<GuestAgentCommandUnavailableException>()).Which;
        exception.Reason.Should().Be(GuestAgentCommandUnavailableReason.Refused);
        exception.Message.Should().NotContain("\u001b").And.Contain("gone");
        await client.GuestPingAsync(token);
        Count("guest-sync-delimited").Should().Be(1, "a refusal is an answer");
    }

    [Fact(Timeout = 60_000)]
    public async Task An_error_has_escaped_text()
    {
        var token = TestContext.Current.CancellationToken;
        var client = Client();
        Agent.OnEvery("guest-get-osinfo").Fail("Generic\u001b[1mError", "bad\r\n\u202eevil\u001b[2J");

        Func<Task> act = () => client.GuestGetOsinfoAsync(token);

        var exception = (await act.Should().ThrowAsync<GuestAgentCommandException>()).Which;
        (exception.Message + exception.Description + exception.ErrorClass).Should()
            .NotContain("\u001b").And.NotContain("\n").And.NotContain("\u202e").And.Contain("evil");
        exception.CommandName.Should().Be("guest-get-osinfo");
        await client.GuestPingAsync(token);
        Count("guest-sync-delimited").Should().Be(1, "a refusal is an answer");
    }

    [Fact(Timeout = 60_000)]
    public async Task A_command_that_does_not_answer_on_success_returns_when_it_is_sent()
    {
        var token = TestContext.Current.CancellationToken;
        // The fake has no guest-shutdown and answers with an error. The next command must not get that error.
        Agent.OnEvery("guest-info").Return(AllCommands);
        var client = Client();

        await client.GuestShutdownAsync("powerdown", token);
        var answer = await client.ExecuteAsync(QmpRequest.Raw("guest-odd"), token);
        await client.GuestPingAsync(token);

        answer.ValueKind.Should().Be(JsonValueKind.Object);
        Agent.Calls.Select(call => call.Name).Should().Equal(
            "guest-sync-delimited", "guest-info", "guest-shutdown", "guest-sync-delimited", "guest-odd", "guest-sync-delimited", "guest-ping");
    }

    [Theory(Timeout = 60_000)]
    [InlineData("guest-get-fsinfo", "[null]")]
    [InlineData("guest-get-fsinfo", "[{\"name\":\"a\"}]")]
    [InlineData("guest-get-fsinfo", "[{\"name\":null,\"mountpoint\":\"/\",\"type\":\"x\"}]")]
    [InlineData("guest-get-fsinfo", "\"nothing\"")]
    [InlineData("guest-get-fsinfo", "null")]
    [InlineData("guest-get-osinfo", "[]")]
    [InlineData("guest-get-osinfo", "{\"id\":7}")]
    [InlineData("guest-fsfreeze-status", "1")]
    [InlineData("guest-fsfreeze-thaw", "\"2\"")]
    [InlineData("guest-fsfreeze-freeze", "1e400")]
    [InlineData("guest-fsfreeze-freeze", "99999999999999999999")]
    [InlineData("guest-info", "{\"version\":\"1\",\"supported_commands\":[null]}")]
    [InlineData("guest-info", "{\"version\":\"1\",\"supported_commands\":null}")]
    [InlineData("guest-sync", "\"\\ud800\"")]
    public async Task An_answer_of_the_wrong_type_is_refused(string command, string answer)
    {
        var token = TestContext.Current.CancellationToken;
        Agent.On(command).Return(answer, acts: false);
        var client = Client();

        Func<Task> act = () => ExecuteAsync(client, command, token);

        var exception = (await act.Should().ThrowAsync<GuestAgentProtocolException>()).Which;
        exception.CommandName.Should().Be(command);
        (await client.GuestGetOsinfoAsync(token)).Id.Should().Be("debian");
    }

    [Fact(Timeout = 60_000)]
    public async Task Payloads_are_logged_only_at_trace_level_and_data_of_the_guest_never()
    {
        var token = TestContext.Current.CancellationToken;
        var sink = new LogSink();
        Agent.OnEvery("guest-info").Return(AllCommands);
        Agent.OnEvery("guest-exec").Return("""{"pid":42}""");
        Agent.OnEvery("guest-exec-status").Return("""{"exited":true,"out-data":"dG9wc2VjcmV0"}""");
        Agent.OnEvery("guest-set-user-password").Return("{}");
        var client = Client(Options() with { LoggerFactory = sink });

        await client.GuestGetOsinfoAsync(token);
        await client.GuestExecAsync(new GuestExecArguments { Path = "/bin/x", Env = ["KEY=topsecret"] }, token);
        await client.GuestExecStatusAsync(42, token);
        using var arguments = JsonDocument.Parse("""{"username":"u","password":"topsecret","crypted":false}""");
        await client.ExecuteAsync(QmpRequest.Raw("guest-set-user-password", arguments.RootElement), token);

        sink.Text.Should().NotContain("topsecret").And.NotContain("dG9wc2VjcmV0").And.Contain("guest-exec");
        sink.Entries.Should().Contain(entry => entry.Level == LogLevel.Trace && entry.Text.Contains("Debian GNU", StringComparison.Ordinal));
        sink.Entries.Should().NotContain(entry => entry.Level != LogLevel.Trace && entry.Text.Contains("Debian GNU", StringComparison.Ordinal));
    }

    [Fact(Timeout = 60_000)]
    public async Task Out_of_band_commands_are_refused()
    {
        var token = TestContext.Current.CancellationToken;
        Func<Task> act = () => Client().ExecuteAsync(QmpRequest.Raw("guest-ping").AsOutOfBand(), token);

        await act.Should().ThrowAsync<ArgumentException>();
    }

    internal static Task ExecuteAsync(GuestAgentClient client, string command, CancellationToken token) =>
        command switch
        {
            "guest-ping" => client.GuestPingAsync(token),
            "guest-info" => client.GuestInfoAsync(token),
            "guest-sync" => client.GuestSyncAsync(5, token),
            "guest-get-fsinfo" => client.GuestGetFsinfoAsync(token),
            "guest-get-osinfo" => client.GuestGetOsinfoAsync(token),
            "guest-fsfreeze-status" => client.GuestFsfreezeStatusAsync(token),
            "guest-fsfreeze-freeze" => client.GuestFsfreezeFreezeAsync(token),
            "guest-fsfreeze-freeze-list" => client.GuestFsfreezeFreezeListAsync(["/mnt/a"], token),
            "guest-fsfreeze-thaw" => client.GuestFsfreezeThawAsync(token),
            _ => throw new ArgumentOutOfRangeException(nameof(command), command, "Unknown."),
        };
}
