using System.Text;
using QmpBackup.Qmp;
using QmpBackup.Qmp.Agent;

namespace QmpBackup.Guest.Tests;

public sealed class AgentCommandTests(GuestFixture fixture) : IClassFixture<GuestFixture>
{
    [Fact(Timeout = 120_000)]
    public async Task The_agent_reports_itself_and_its_guest()
    {
        var token = TestContext.Current.CancellationToken;
        var vm = fixture.Vm;
        await using var agent = await AgentOf.ConnectAsync(vm, token);

        await agent.GuestPingAsync(token);
        var info = await agent.GuestInfoAsync(token);
        var system = await agent.GuestGetOsinfoAsync(token);
        var systems = await agent.GuestGetFsinfoAsync(token);

        info.Version.Should().NotBeEmpty();
        info.SupportedCommands.Should().Contain(command => command.Name == "guest-fsfreeze-freeze" && command.Enabled)
            .And.Contain(command => command.Name == "guest-shutdown" && command.SuccessResponse == false);
        system.KernelRelease.Should().NotBeNullOrEmpty();
        system.Machine.Should().Be("x86_64");
        var a = systems.Should().ContainSingle(one => one.Mountpoint == "/mnt/a").Subject;
        a.Type.Should().Be("ext4");
        a.TotalBytes.Should().BeGreaterThan(100 << 20).And.BeLessThan(300 << 20);
        a.Disk.Should().ContainSingle().Which.BusType.Should().Be(GuestDiskBusType.Virtio);
        systems.Should().ContainSingle(one => one.Mountpoint == "/mnt/b");
    }

    [Fact(Timeout = 120_000)]
    public async Task A_program_runs_in_the_guest()
    {
        var token = TestContext.Current.CancellationToken;
        var vm = fixture.Vm;
        await using var agent = await AgentOf.ConnectAsync(vm, token);

        var exec = await agent.GuestExecAsync(
            new GuestExecArguments
            {
                Path = "/bin/sh",
                Arg = ["-c", "read line; echo \"$NAME $line\"; echo no >&2; exit 3"],
                Env = ["NAME=hello"],
                InputData = Encoding.UTF8.GetBytes("wörld\n"),
                CaptureOutput = true,
            },
            token);
        var status = await agent.GuestExecStatusAsync(exec.Pid, token);
        while (!status.Exited)
            status = await agent.GuestExecStatusAsync(exec.Pid, token);

        status.ExitCode.Should().Be(3);
        Encoding.UTF8.GetString(status.OutData!.Value.Span).Should().Be("hello wörld\n");
        Encoding.UTF8.GetString(status.ErrData!.Value.Span).Should().Be("no\n");
        Func<Task> again = () => agent.GuestExecStatusAsync(exec.Pid, token);
        await again.Should().ThrowAsync<GuestAgentCommandException>("the agent forgets the process once it has reported its end");
    }

    [Fact(Timeout = 120_000)]
    public async Task Half_a_message_of_a_client_that_left_does_not_affect_the_next()
    {
        var token = TestContext.Current.CancellationToken;
        var vm = fixture.Vm;
        using (var socket = new System.Net.Sockets.Socket(
            System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified))
        {
            await socket.ConnectAsync(new System.Net.Sockets.UnixDomainSocketEndPoint(vm.AgentPath), token);
            await socket.SendAsync("{\"execute\":\"guest-ping\"}{\"execute\":\"guest-fsfreeze-fre"u8.ToArray(), token);
        }

        await using var agent = await AgentOf.ConnectAsync(vm, token);

        (await agent.GuestFsfreezeStatusAsync(token)).Should().Be(GuestFsfreezeStatus.Thawed);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_second_client_gets_no_answer_and_is_served_when_the_first_leaves()
    {
        var token = TestContext.Current.CancellationToken;
        var vm = fixture.Vm;
        var first = await AgentOf.ConnectAsync(vm, token);
        await using var second = GuestAgentClient.Create(QmpEndpoint.Parse(vm.AgentEndpoint), AgentOf.Patient);

        Func<Task> act = () => second.SynchronizeAsync(TimeSpan.FromMilliseconds(300), token);
        (await act.Should().ThrowAsync<GuestAgentUnavailableException>()).Which.Reason.Should().Be(GuestAgentUnavailableReason.NoAnswer);
        await first.GuestPingAsync(token);
        await first.DisposeAsync();

        await second.GuestPingAsync(token);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_paused_VM_gives_no_answer_and_late_answers_are_dropped_when_it_resumes()
    {
        var token = TestContext.Current.CancellationToken;
        var vm = fixture.Vm;
        await using var agent = await AgentOf.ConnectAsync(vm, token);
        await vm.Monitor.ExecuteAsync("stop", cancellationToken: token);

        Func<Task> act = () => agent.ExecuteAsync(GuestAgentCommands.GuestFsfreezeStatus.Request, TimeSpan.FromMilliseconds(300), token);
        await act.Should().ThrowAsync<GuestAgentTimeoutException>();
        act = () => agent.SynchronizeAsync(TimeSpan.FromMilliseconds(300), token);
        await act.Should().ThrowAsync<GuestAgentUnavailableException>();
        await vm.Monitor.ExecuteAsync("cont", cancellationToken: token);

        (await agent.GuestGetOsinfoAsync(token)).Machine.Should().Be("x86_64");
    }
}
