using Microsoft.Extensions.Logging.Abstractions;
using QmpBackup.Execution;
using QmpBackup.Qmp;
using QmpBackup.Testing;

namespace QmpBackup.Benchmarks;

/// <summary>
/// How long the guest is frozen, by the agent's own clock, against freeze, transaction and thaw by hand: the same commands over bare
/// sockets, all prepared before. In turns, on the same VM, for 1, 2 and 16 disks. Ours is the library, and the command with its guard
/// where QBACKUP_BIN names it.
/// </summary>
internal static class FreezeBenchmark
{
    internal static async Task<int> RunAsync(string[] args)
    {
        var arguments = new Arguments(args);
        var rounds = arguments.Number("rounds", 20);
        if (arguments.Text("guest", "no") == "yes")
        {
            foreach (var disks in (int[])[1, 2])
                await MeasureGuestAsync(disks, rounds);
            return 0;
        }

        foreach (var disks in arguments.Text("disks", "1,2,16").Split(','))
            await MeasureAsync(int.Parse(disks, System.Globalization.CultureInfo.InvariantCulture), rounds, Environment.GetEnvironmentVariable("QBACKUP_BIN"));
        return 0;
    }

    private static async Task MeasureAsync(int disks, int rounds, string? command)
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [.. Enumerable.Range(0, disks).Select(i => new TestDisk($"d{i}"))] });
        await using var agent = new FakeAgent(vm.Directory.File("agent"));
        // A chain to continue, so that the transaction has all its parts.
        await using (var workflow = await ConnectAsync(vm, agent.Endpoint))
        {
            await workflow.StartAsync(Request(vm, null));
            await workflow.FinishAsync();
        }

        var (library, guarded, hand) = (new List<double>(), new List<double>(), new List<double>());
        for (var round = -2; round < rounds; round++)
        {
            var ours = await AfterAbortAsync(vm, agent, () => LibraryAsync(vm, agent));
            var binary = command is null ? 0 : await AfterAbortAsync(vm, agent, () => CommandProcess.RunAsync(
                command, ["start", "--qmp", vm.QmpEndpoint, "--agent", agent.Endpoint, "--freeze", "require", "--scratch-dir", vm.Directory.Path]));
            var bare = await AfterAbortAsync(vm, agent, () => ByHandAsync(vm, agent.Endpoint, agent.Path));
            if (round < 0)
                continue; // Warms the code.
            library.Add(ours);
            guarded.Add(binary);
            hand.Add(bare);
        }

        Lab.Compare($"frozen, {disks} disks, {rounds} rounds", "library", library, "by hand", hand);
        if (command is not null)
            Lab.Compare($"frozen, {disks} disks, {rounds} rounds", "command", guarded, "by hand", hand);
    }

    // A real guest with its own agent: there the freeze itself takes most of the time. Both are measured from request to answer.
    private static async Task MeasureGuestAsync(int disks, int rounds)
    {
        await using var vm = await GuestVm.StartAsync(new GuestVmOptions { DiskCount = disks });
        var (library, hand) = (new List<double>(), new List<double>());
        for (var round = -2; round < rounds; round++)
        {
            double ours, bare;
            await using (var workflow = await ConnectAsync(vm, vm.AgentEndpoint))
            {
                ours = (await workflow.StartAsync(Request(vm, new FreezeRequest { Mode = FreezeMode.Require }))).FrozenMilliseconds!.Value / 1000;
                await workflow.AbortAsync();
            }

            bare = await ByHandAsync(vm, vm.AgentEndpoint, vm.AgentPath);
            await using (var workflow = await ConnectAsync(vm, vm.AgentEndpoint))
                await workflow.AbortAsync();
            if (round < 0)
                continue;
            library.Add(ours);
            hand.Add(bare);
        }

        Lab.Compare($"frozen, a real guest, {disks} disks, {rounds} rounds", "library", library, "by hand", hand);
    }

    private static async Task<double> AfterAbortAsync(QemuVm vm, FakeAgent agent, Func<Task> open)
    {
        await open();
        await using var workflow = await ConnectAsync(vm, agent.Endpoint);
        await workflow.AbortAsync();
        var window = agent.FreezeIntervals[^1];
        return (window.Thawed!.Value - window.Frozen).TotalSeconds;
    }

    private static async Task LibraryAsync(QemuVm vm, FakeAgent agent)
    {
        await using var workflow = await ConnectAsync(vm, agent.Endpoint);
        await workflow.StartAsync(Request(vm, new FreezeRequest { Mode = FreezeMode.Require }));
    }

    private static async Task<double> ByHandAsync(QemuVm vm, string endpoint, string agentPath)
    {
        await using var workflow = await ConnectAsync(vm, endpoint);
        var plan = await workflow.PlanStartAsync(Request(vm, new FreezeRequest { Mode = FreezeMode.Require }));
        var before = plan.Steps.TakeWhile(s => s is not PrepareFreezeStep);
        await new PlanExecutor(workflow.Client, NullLogger.Instance, TimeProvider.System, null).RunAsync(plan with { Steps = [.. before] }, CancellationToken.None);
        var transaction = plan.Steps.Single(s => s.IsCommitPoint).Describe();
        await using var guest = new BareSocket(agentPath);
        await using var qmp = new BareSocket(vm.SecondQmpPath);
        await qmp.ReceiveAsync();
        await qmp.AskAsync("""{"execute":"qmp_capabilities"}""");
        await guest.AskAsync("""{"execute":"guest-fsfreeze-status"}""");

        var watch = System.Diagnostics.Stopwatch.StartNew();
        await guest.AskAsync("""{"execute":"guest-fsfreeze-freeze"}""");
        await qmp.AskAsync(transaction);
        await guest.AskAsync("""{"execute":"guest-fsfreeze-thaw"}""");
        return watch.Elapsed.TotalSeconds;
    }

    private static Task<BackupWorkflow> ConnectAsync(QemuVm vm, string agent) => BackupWorkflow.ConnectAsync(
        QmpEndpoint.Parse(vm.QmpEndpoint), null, new BackupWorkflowOptions { Freezer = () => new AgentFreezer(QmpEndpoint.Parse(agent)) });

    private static StartRequest Request(QemuVm vm, FreezeRequest? freeze) =>
        new() { Checkpoint = CheckpointId.Create(DateTimeOffset.UtcNow), ScratchDirectory = vm.Directory.Path, Freeze = freeze };
}
