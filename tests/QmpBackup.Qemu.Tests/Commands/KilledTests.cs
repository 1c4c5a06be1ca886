using System.Net;
using System.Net.Sockets;
using QmpBackup.Qemu.Tests.Workflow;
using QmpBackup.Testing;

namespace QmpBackup.Qemu.Tests.Commands;

/// <summary>The command is killed or interrupted at every step.</summary>
public sealed class KilledTests
{
    private const int Mib = 1 << 20;

    private static async Task<QemuVm> VmAsync()
    {
        var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] });
        await WorkflowOf.FullAsync(vm);
        await vm.WriteAsync("a", 0, 0x11, Mib);
        return vm;
    }

    private static async Task<List<(string Command, int Occurrence)>> StepsOfStartAsync(QemuVm vm)
    {
        await using var workflow = await WorkflowOf.ConnectAsync(vm);
        return Counted((await workflow.PlanStartAsync(WorkflowOf.Request(vm))).Steps);
    }

    private static List<(string Command, int Occurrence)> Counted(IEnumerable<PlanStep> steps) =>
        [.. steps.OfType<CommandStep>().GroupBy(s => s.Request.Command).SelectMany(g => g.Select((_, i) => (g.Key, i + 1)))];

    [Theory(Timeout = 300_000)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Abort_restores_the_state_before_start_after_kill_9_at_any_step(bool commandReachesQemu)
    {
        await using var vm = await VmAsync();
        var before = await vm.StateAsync();
        foreach (var (command, occurrence) in await StepsOfStartAsync(vm))
        {
            await using var proxy = QmpProxy.Start(vm);
            var never = new TaskCompletionSource();
            var rule = proxy.On(command, occurrence);
            rule = commandReachesQemu ? rule.HoldReplyUntil(never.Task) : rule.HoldUntil(never.Task);
            await using var start = CommandOf.Start(proxy.Endpoint, vm, "start");
            (await start.SendAtAsync(Signal.Kill, commandReachesQemu ? rule.Executed : rule.Hit)).Should().BeTrue(start.Describe());
            await start.WaitAsync();
            await proxy.DisposeAsync();
            (await CommandOf.RunAsync(vm, "abort")).EnsureSuccess();
            (await vm.StateAsync()).Should().BeEquivalentTo(before, $"killed at {command} {occurrence}");
            vm.ShouldHaveNoScratch();
        }
    }

    // A server on TCP has no socket file that shows its owner, and before its first export nothing in QEMU shows it.
    [Theory(Timeout = 120_000)]
    [InlineData("qom-set", true)]
    [InlineData("transaction", false)]
    [InlineData("transaction", true)]
    [InlineData("block-export-add", false)]
    public async Task Abort_stops_the_TCP_server_after_kill_9_before_its_first_export(string command, bool commandReachesQemu)
    {
        await using var vm = await VmAsync();
        var before = await vm.StateAsync();
        await using (var proxy = QmpProxy.Start(vm))
        {
            var never = new TaskCompletionSource();
            var rule = proxy.On(command, 1);
            rule = commandReachesQemu ? rule.HoldReplyUntil(never.Task) : rule.HoldUntil(never.Task);
            await using var start = CommandOf.Start(proxy.Endpoint, vm, "start", "--nbd", $"tcp:127.0.0.1:{FreePort()}");
            (await start.SendAtAsync(Signal.Kill, commandReachesQemu ? rule.Executed : rule.Hit)).Should().BeTrue(start.Describe());
            await start.WaitAsync();
        }

        (await vm.StateAsync()).NbdServerRuns.Should().BeTrue();
        (await CommandOf.RunAsync(vm, "abort")).EnsureSuccess();
        (await vm.StateAsync()).Should().BeEquivalentTo(before);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    [Theory(Timeout = 300_000)]
    [InlineData("finish")]
    [InlineData("abort")]
    public async Task Repeated_finish_or_abort_completes_after_kill_9_at_any_step(string end)
    {
        await using var vm = await VmAsync();
        List<(string Command, int Occurrence)> steps;
        await WorkflowOf.StartAsync(vm);
        await using (var workflow = await WorkflowOf.ConnectAsync(vm))
            steps = Counted((end == "finish" ? await workflow.PlanFinishAsync() : await workflow.PlanAbortAsync()).Steps);
        await WorkflowOf.AbortAsync(vm);

        byte content = 0;
        foreach (var (command, occurrence) in steps)
        {
            await WorkflowOf.FullAsync(vm);
            var parent = vm.Snapshot("a");
            await vm.WriteAsync("a", 2 * Mib, ++content, Mib);
            var session = await WorkflowOf.StartAsync(vm);
            var point = vm.Snapshot("a");
            await vm.WriteAsync("a", 4 * Mib, content, Mib);
            await using (var proxy = QmpProxy.Start(vm))
            {
                var rule = proxy.On(command, occurrence).HoldReplyUntil(new TaskCompletionSource().Task);
                await using var run = CommandOf.Start(proxy.Endpoint, vm, end);
                (await run.SendAtAsync(Signal.Kill, rule.Executed)).Should().BeTrue(run.Describe());
                await run.WaitAsync();
            }

            var again = await CommandOf.RunAsync(vm, end);
            again.ExitCode.Should().BeOneOf(end == "finish" && command == "object-del" ? [0, 10] : [0], again.ToString());
            var after = await vm.StateAsync();
            after.Jobs.Should().BeEmpty();
            after.Exports.Should().BeEmpty();
            after.NbdServerRuns.Should().BeFalse();
            after.Objects.Should().NotContain(o => o.Contains("qbackup"));
            var expected = end == "finish" ? session.Checkpoint : session.Disks[0].Parent!;
            after.Bitmaps.Should().ContainSingle($"{end} was killed at {command} {occurrence}").Which.Should()
                .Contain(expected!.Value.Value).And.Contain("recording").And.NotContain("open").And.Contain($"count={(end == "finish" ? 1 : 2) * Mib}");
            vm.ShouldHaveNoScratch();

            // The bitmap misses no write: the next increment over the parent equals the disk.
            var next = await WorkflowOf.StartAsync(vm);
            await next.Disk("a").ShouldMakeOfAsync(end == "finish" ? point : parent, vm.Snapshot("a"), vm);
            await WorkflowOf.AbortAsync(vm);
        }
    }

    [Theory(Timeout = 300_000)]
    [InlineData(nameof(Signal.Interrupt), 130)]
    [InlineData(nameof(Signal.Terminate), 143)]
    public async Task Signal_at_any_step_of_start_rolls_back_and_sets_the_exit_code(string signal, int exitCode)
    {
        await using var vm = await VmAsync();
        var before = await vm.StateAsync();
        foreach (var (command, occurrence) in await StepsOfStartAsync(vm))
        {
            await using var proxy = QmpProxy.Start(vm);
            var release = new TaskCompletionSource();
            var rule = proxy.On(command, occurrence).HoldReplyUntil(release.Task);
            await using var start = CommandOf.Start(proxy.Endpoint, vm, "start");
            (await start.SendAtAsync(Enum.Parse<Signal>(signal), rule.Executed)).Should().BeTrue(start.Describe());
            await start.Stderr.WaitForAsync(line => line.Contains("Interrupted"));
            release.SetResult();
            var result = await start.WaitAsync();
            result.ExitCode.Should().Be(exitCode, result.ToString());
            result.Stdout.Should().BeEmpty();
            await proxy.DisposeAsync();
            (await vm.StateAsync()).Should().BeEquivalentTo(before, $"{signal} at {command} {occurrence}");
            vm.ShouldHaveNoScratch();
        }
    }
}
