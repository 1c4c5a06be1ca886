using System.Runtime.InteropServices;
using System.Text.Json;
using QmpBackup.Qemu.Tests.Workflow;
using QmpBackup.Testing;

namespace QmpBackup.Qemu.Tests.Commands;

/// <summary>The guest is thawed even if the command or its guard is killed or stopped.</summary>
public sealed class GuardTests
{
    private const int Instants = 200;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    private static IEnumerable<string> Remarks(CommandResult result) => result.Json().GetProperty("remarks").EnumerateArray().Select(r => r.GetString()!);

    [Fact(Timeout = 900_000)]
    public async Task Guest_is_thawed_within_two_seconds_after_kill_9_at_200_instants_around_the_freeze()
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] });
        var random = new Random(4711);
        var frozen = 0;
        for (var i = 0; i < Instants; i++)
        {
            await using var agent = new FakeAgent(vm.Directory.File("ga" + i));
            await using var proxy = QmpProxy.Start(vm);
            // The instants are spread from just before the freeze, through the transaction, to after the thaw.
            var near = proxy.On("nbd-server-start");
            await using var start = CommandOf.Start(proxy.Endpoint, vm, "start", "--agent", agent.Endpoint, "--freeze", "require");
            await near.Executed.WaitAsync(TimeSpan.FromSeconds(30));
            await Task.Delay(TimeSpan.FromMilliseconds(random.NextDouble() * 150));
            start.Send(Signal.Kill);
            await start.WaitAsync();
            var killed = DateTimeOffset.UtcNow;
            while (agent.IsFrozen && DateTimeOffset.UtcNow - killed < Limit)
                await Task.Delay(5);
            agent.IsFrozen.Should().BeFalse($"instant {i}");
            frozen += agent.FreezeIntervals.Count;
            await proxy.DisposeAsync();
            (await CommandOf.RunAsync(vm, "abort")).EnsureSuccess();
        }

        frozen.Should().BeGreaterThan(0, "some of the instants must be within the freeze");
        vm.ShouldHaveNoScratch();
    }

    [Fact(Timeout = 120_000)]
    public async Task Guard_thaws_if_the_command_is_killed_between_freeze_and_thaw()
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] });
        await using var agent = new FakeAgent(vm.Directory.File("ga"));
        await using var proxy = QmpProxy.Start(vm);
        var rule = proxy.On("transaction").HoldReplyUntil(new TaskCompletionSource().Task);
        await using var start = CommandOf.Start(proxy.Endpoint, vm, "start", "--agent", agent.Endpoint);
        await rule.Executed;
        agent.IsFrozen.Should().BeTrue();
        start.Send(Signal.Kill);
        await start.WaitAsync();
        var killed = DateTimeOffset.UtcNow;
        while (agent.IsFrozen && DateTimeOffset.UtcNow - killed < Limit)
            await Task.Delay(5);
        agent.IsFrozen.Should().BeFalse();
    }

    [Fact(Timeout = 120_000)]
    public async Task Guard_thaws_even_if_it_gets_the_same_interrupt_as_the_command()
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] });
        var before = await vm.StateAsync();
        await using var agent = new FakeAgent(vm.Directory.File("ga"));
        await using var proxy = QmpProxy.Start(vm);
        var release = new TaskCompletionSource();
        var rule = proxy.On("transaction").HoldReplyUntil(release.Task);
        await using var start = CommandOf.Start(proxy.Endpoint, vm, "start", "--agent", agent.Endpoint);
        await rule.Executed;
        start.Send(Signal.Interrupt);
        // Ctrl-C reaches the whole group, the guard too.
        await SignalGuardAsync(agent, Signal.Interrupt);
        await start.Stderr.WaitForAsync(line => line.Contains("Interrupted"));
        release.SetResult();
        (await start.WaitAsync()).ExitCode.Should().Be(130);
        agent.IsFrozen.Should().BeFalse();
        agent.FreezeIntervals.Should().ContainSingle();
        (await vm.StateAsync()).Should().BeEquivalentTo(before);
        vm.ShouldHaveNoScratch();
    }

    [Fact(Timeout = 120_000)]
    public Task Guest_is_thawed_and_counts_as_not_frozen_if_command_and_guard_are_stopped_after_the_freeze() =>
        Task.WhenAll(StopAsync("require", 7), StopAsync("auto", 0));

    private static async Task StopAsync(string mode, int exitCode)
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] });
        var before = await vm.StateAsync();
        await using var agent = new FakeAgent(vm.Directory.File("ga"));
        var release = new TaskCompletionSource();
        var freeze = agent.On("guest-fsfreeze-freeze").Late(release.Task);
        await using var start = CommandOf.Start(vm.QmpEndpoint, vm, "start", "--agent", agent.Endpoint, "--freeze", mode);
        await freeze.Hit;
        start.Send(Signal.Stop);
        // Ctrl-Z reaches the whole group, the guard too.
        await SignalGuardAsync(agent, Signal.TerminalStop);
        release.SetResult();
        while (agent.FreezeIntervals.Count == 0 || agent.IsFrozen)
            await Task.Delay(50);
        var length = agent.FreezeIntervals.Single();
        (length.Thawed - length.Frozen).Should().BeLessThan(TimeSpan.FromSeconds(20));
        (await vm.StateAsync()).Jobs.Should().BeEmpty("the transaction has not started");

        start.Send(Signal.Continue);
        var result = await start.WaitAsync();
        result.ExitCode.Should().Be(exitCode, result.ToString());
        result.Stderr.Should().Contain("frozen");
        if (exitCode == 0)
        {
            (await CommandOf.RunAsync(vm, "status", "-o", "json")).Json().GetProperty("session").GetProperty("frozenMilliseconds").ValueKind.Should().Be(JsonValueKind.Null);
            (await CommandOf.RunAsync(vm, "abort")).EnsureSuccess();
        }

        (await vm.StateAsync()).Should().BeEquivalentTo(before);
        vm.ShouldHaveNoScratch();
    }

    private static async Task SignalGuardAsync(FakeAgent agent, Signal signal)
    {
        var guard = Directory.EnumerateDirectories("/proc").Where(folder => int.TryParse(Path.GetFileName(folder), out _)).Single(folder => IsGuardOf(folder, agent.Endpoint));
        await CommandRunner.RunCheckedAsync("kill", "-" + (int)signal, Path.GetFileName(guard));
    }

    private static bool IsGuardOf(string process, string agent)
    {
        try
        {
            var line = File.ReadAllText(Path.Combine(process, "cmdline"));
            return line.Contains("freeze-guard", StringComparison.Ordinal) && line.Contains(agent, StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    [Theory(Timeout = 120_000)]
    [InlineData("require", 7)]
    [InlineData("auto", 0)]
    public async Task Missing_agent_fails_the_start_only_if_a_freeze_is_required(string mode, int exitCode)
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] });
        var before = await vm.StateAsync();
        var result = await CommandOf.RunAsync(vm, "start", "--agent", vm.Directory.File("no-agent"), "--freeze", mode);
        result.ExitCode.Should().Be(exitCode, result.ToString());
        result.Stderr.Should().Contain("frozen");
        (await CommandOf.RunAsync(vm, "abort")).EnsureSuccess();
        (await vm.StateAsync()).Should().BeEquivalentTo(before);
    }

    [Fact(Timeout = 120_000)]
    public async Task Remark_in_JSON_says_why_the_guest_was_not_frozen()
    {
        const string Remark = "The guest is not frozen, and the point in time is what a power cut would leave: ";
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] });
        string[] missing = ["--agent", vm.Directory.File("no-agent"), "-o", "json"];
        var start = await CommandOf.RunAsync(vm, ["start", .. missing]);
        Remarks(start).Should().ContainSingle().Which.Should().StartWith(Remark).And.Contain("no guest agent's socket").And.Contain("no-agent");
        start.Stderr.Should().BeEmpty();
        (await CommandOf.RunAsync(vm, "abort")).EnsureSuccess();

        string[] run = ["run", "--repo", vm.Directory.File("repo")];
        var ran = await CommandOf.RunAsync(vm, [.. run, .. missing]);
        Remarks(ran).Should().ContainSingle().Which.Should().StartWith(Remark);
        ran.Stderr.Should().BeEmpty();
        Remarks(await CommandOf.RunAsync(vm, [.. run, "-o", "json"])).Should().BeEmpty("no freeze was requested");
        Remarks(await CommandOf.RunAsync(vm, [.. run, .. missing, "--freeze", "never"])).Should().BeEmpty();

        // The text output has it once, and quiet has nothing.
        var text = await CommandOf.RunAsync(vm, [.. run, .. missing[..2]]);
        text.EnsureSuccess().Stderr.Split("not frozen").Should().HaveCount(2, text.Stderr);
        (await CommandOf.RunAsync(vm, [.. run, .. missing[..2], "-q"])).EnsureSuccess().Stderr.Should().BeEmpty();
    }

    [Fact(Timeout = 120_000)]
    public async Task Guest_that_was_frozen_before_is_reported_with_the_command_that_thaws_it()
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] });
        await using var agent = new FakeAgent(vm.Directory.File("ga"));
        agent.SetFrozen(true);

        var json = await CommandOf.RunAsync(vm, "start", "--agent", agent.Endpoint, "-o", "json");
        Remarks(json).Should().ContainSingle().Which.Should().StartWith("The guest is not frozen")
            .And.EndWith("Something else has frozen the guest already. If nothing else is backing up the guest, 'qbackup thaw --agent …' thaws it.");
        (await CommandOf.RunAsync(vm, "abort")).EnsureSuccess();

        var text = await CommandOf.RunAsync(vm, "start", "--agent", agent.Endpoint);
        text.EnsureSuccess().Stderr.Should().Contain("Something else has frozen the guest already.").And.Contain("note: If nothing else is backing up the guest, 'qbackup thaw --agent …' thaws it.");
        agent.IsFrozen.Should().BeTrue("this backup has not frozen it");
        (await CommandOf.RunAsync(vm, "abort")).EnsureSuccess();

        var required = await CommandOf.RunAsync(vm, "start", "--agent", agent.Endpoint, "--freeze", "require");
        required.ExitCode.Should().Be(7, required.ToString());
        required.Stderr.Should().Contain("'qbackup thaw --agent …' thaws it");
    }

    [Fact(Timeout = 120_000)]
    public async Task Agent_error_in_a_remark_is_escaped_and_short()
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] });
        await using var agent = new FakeAgent(vm.Directory.File("ga"));
        agent.OnEvery("guest-fsfreeze-freeze").Fail("GenericError", "\\u001b[31mred\\u0007\\u202e" + new string('x', 100_000));
        var remark = Remarks(await CommandOf.RunAsync(vm, "start", "--agent", agent.Endpoint, "-o", "json")).Single();
        remark.Should().Contain("red").And.Contain("xxx");
        remark.Length.Should().BeLessThan(4096);
        AgentFaultTests.ShouldBeEscaped(remark);
    }

    [Fact(Timeout = 120_000)]
    public async Task Guard_starts_under_any_program_name()
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] });
        await using var agent = new FakeAgent(vm.Directory.File("ga"));
        var program = Path.Combine(Directory.CreateDirectory(vm.Directory.File("bin")).FullName, "qbackup-0.1.0");
        // A native binary is complete. Otherwise the program needs its libraries next to it.
        var library = Qbackup.Program is [_, var dll] ? dll : null;
        File.Copy(library is null ? Qbackup.Program[0] : Path.ChangeExtension(library, null), program);
        var files = library is null ? [] : Directory.EnumerateFiles(Path.GetDirectoryName(library)!).Where(f => Path.GetExtension(f) is ".dll" or ".json");
        foreach (var file in files)
            File.Copy(file, Path.Combine(Path.GetDirectoryName(program)!, Path.GetFileName(file)));
        var runtime = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        var started = await CommandRunner.RunAsync(program, ["start", "--qmp", vm.QmpEndpoint, "--scratch-dir", vm.Directory.Path, "--agent", agent.Endpoint, "--freeze", "require"],
            new CommandOptions { Environment = new Dictionary<string, string?> { ["DOTNET_ROOT"] = runtime } });
        started.EnsureSuccess();
        agent.FreezeIntervals.Should().ContainSingle();
    }

    [Fact(Timeout = 120_000)]
    public async Task Thaw_that_cannot_reach_the_agent_says_that_the_guest_may_be_frozen()
    {
        await using var directory = TestDirectory.Create();
        var thaw = await Qbackup.RunAsync("thaw", "--agent", directory.File("no-agent"));
        thaw.ExitCode.Should().Be(7, thaw.ToString());
        thaw.Stderr.Should().Contain("no guest agent's socket").And.Contain("If the guest was frozen, it may still be.").And.Contain("--agent");
        var error = (await Qbackup.RunAsync("thaw", "--agent", directory.File("no-agent"), "-o", "json")).Error();
        error.GetProperty("code").GetString().Should().Be("freeze-failed");
    }

    [Fact(Timeout = 120_000)]
    public async Task Thaw_thaws_a_guest_that_was_left_frozen()
    {
        await using var directory = TestDirectory.Create();
        await using var agent = new FakeAgent(directory.File("ga"));
        agent.SetFrozen(true);
        var result = await Qbackup.RunAsync("thaw", "--agent", agent.Endpoint);
        result.EnsureSuccess().Stdout.Should().Contain("thawed");
        agent.IsFrozen.Should().BeFalse();
        (await Qbackup.RunAsync("thaw", "--agent", agent.Endpoint)).EnsureSuccess();
    }
}
