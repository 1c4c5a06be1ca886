using System.Runtime.InteropServices;
using System.Text.Json;
using QmpBackup.Qemu.Tests.Workflow;
using QmpBackup.Testing;

namespace QmpBackup.Qemu.Tests.Commands;

/// <summary>Whoever is killed, whenever: no guest stays frozen.</summary>
public sealed class GuardTests
{
    private const int Instants = 200;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);

    private static IEnumerable<string> Remarks(CommandResult result) => result.Json().GetProperty("remarks").EnumerateArray().Select(r => r.GetString()!);

    [Fact(Timeout = 900_000)]
    public async Task Kill_9_at_200_instants_around_the_freeze_leaves_no_guest_frozen_for_more_than_two_seconds()
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] });
        var random = new Random(4711);
        var frozen = 0;
        for (var i = 0; i < Instants; i++)
        {
            await using var agent = new FakeAgent(vm.Directory.File("ga" + i));
            await using var proxy = QmpProxy.Start(vm);
            // The instants spread from a little before the freeze, through the transaction, to after the thaw.
            var near = proxy.On("nbd-server-start");
            await using var start = CommandOf.Start(proxy.Endpoint, vm, "start", "--agent", agent.Endpoint, "--freeze", "require");
            await near.Executed.WaitAsync(TimeSpan.FromSeconds(30));
            await Task.Delay(TimeSpan.FromMilliseconds(random.NextDouble() * 150));
            start.Send(Signal.Kill);
            await start.WaitAsync();
            var killed = DateTimeOffset.UtcNow;
            while (agent.IsFrozen && DateTimeOffset.UtcNow - killed < Longest)
                await Task.Delay(5);
            agent.IsFrozen.Should().BeFalse($"instant {i}");
            frozen += agent.FreezeIntervals.Count;
            await proxy.DisposeAsync();
            (await CommandOf.RunAsync(vm, "abort")).EnsureSuccess();
        }

        frozen.Should().BeGreaterThan(0, "some of the instants must lie in the freeze");
        vm.ShouldHaveNoScratch();
    }

    [Fact(Timeout = 120_000)]
    public async Task Killed_between_freeze_and_thaw_the_guard_thaws()
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
        while (agent.IsFrozen && DateTimeOffset.UtcNow - killed < Longest)
            await Task.Delay(5);
        agent.IsFrozen.Should().BeFalse();
    }

    [Fact(Timeout = 120_000)]
    public async Task Signals_to_the_whole_group_do_not_keep_the_guard_from_thawing()
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] });
        await using var agent = new FakeAgent(vm.Directory.File("ga"));
        await using var proxy = QmpProxy.Start(vm);
        var release = new TaskCompletionSource();
        var rule = proxy.On("transaction").HoldReplyUntil(release.Task);
        await using var start = CommandOf.Start(proxy.Endpoint, vm, "start", "--agent", agent.Endpoint);
        await rule.Executed;
        start.Send(Signal.Interrupt);
        await start.Stderr.WaitForAsync(line => line.Contains("Interrupted"));
        release.SetResult();
        (await start.WaitAsync()).ExitCode.Should().Be(130);
        agent.IsFrozen.Should().BeFalse();
        agent.FreezeIntervals.Should().ContainSingle();
    }

    [Fact(Timeout = 120_000)]
    public Task Stopped_after_the_freeze_it_keeps_no_guest_frozen_and_calls_nothing_frozen_that_was_thawed_meanwhile() =>
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
        var guard = Directory.EnumerateDirectories("/proc").Where(folder => int.TryParse(Path.GetFileName(folder), out _)).Single(folder => IsGuardOf(folder, agent.Endpoint));
        await CommandRunner.RunCheckedAsync("kill", "-" + (int)Signal.TerminalStop, Path.GetFileName(guard));
        release.SetResult();
        while (agent.FreezeIntervals.Count == 0 || agent.IsFrozen)
            await Task.Delay(50);
        var length = agent.FreezeIntervals.Single();
        (length.Thawed - length.Frozen).Should().BeLessThan(TimeSpan.FromSeconds(20));
        (await vm.StateAsync()).Jobs.Should().BeEmpty("the transaction is yet to come");

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
    public async Task Without_an_agent_that_answers(string mode, int exitCode)
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] });
        var before = await vm.StateAsync();
        var result = await CommandOf.RunAsync(vm, "start", "--agent", vm.Directory.File("nobody"), "--freeze", mode);
        result.ExitCode.Should().Be(exitCode, result.ToString());
        result.Stderr.Should().Contain("frozen");
        (await CommandOf.RunAsync(vm, "abort")).EnsureSuccess();
        (await vm.StateAsync()).Should().BeEquivalentTo(before);
    }

    [Fact(Timeout = 120_000)]
    public async Task To_scripts_it_is_remarked_why_the_guest_was_not_frozen()
    {
        const string Remark = "The guest is not frozen, and the point in time is what a power cut would leave: ";
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] });
        string[] dead = ["--agent", vm.Directory.File("nobody"), "-o", "json"];
        var start = await CommandOf.RunAsync(vm, ["start", .. dead]);
        Remarks(start).Should().ContainSingle().Which.Should().StartWith(Remark).And.Contain("no guest agent's socket").And.Contain("nobody");
        start.Stderr.Should().BeEmpty();
        (await CommandOf.RunAsync(vm, "abort")).EnsureSuccess();

        string[] run = ["run", "--repo", vm.Directory.File("repo")];
        var ran = await CommandOf.RunAsync(vm, [.. run, .. dead]);
        Remarks(ran).Should().ContainSingle().Which.Should().StartWith(Remark);
        ran.Stderr.Should().BeEmpty();
        Remarks(await CommandOf.RunAsync(vm, [.. run, "-o", "json"])).Should().BeEmpty("nobody asked for a freeze");
        Remarks(await CommandOf.RunAsync(vm, [.. run, .. dead, "--freeze", "never"])).Should().BeEmpty();

        // Persons read it once, and not at all where they want to read nothing.
        var text = await CommandOf.RunAsync(vm, [.. run, .. dead[..2]]);
        text.EnsureSuccess().Stderr.Split("not frozen").Should().HaveCount(2, text.Stderr);
        (await CommandOf.RunAsync(vm, [.. run, .. dead[..2], "-q"])).EnsureSuccess().Stderr.Should().BeEmpty();
    }

    [Fact(Timeout = 120_000)]
    public async Task What_the_guest_says_of_it_is_escaped_and_short()
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] });
        await using var agent = new FakeAgent(vm.Directory.File("ga"));
        agent.OnEvery("guest-fsfreeze-freeze").Fail("GenericError", "\\u001b[31mred\\u0007\\u202e" + new string('x', 100_000));
        var remark = Remarks(await CommandOf.RunAsync(vm, "start", "--agent", agent.Endpoint, "-o", "json")).Single();
        remark.Should().Contain("red").And.Contain("xxx");
        remark.Length.Should().BeLessThan(4096);
        AgentFaultTests.ShouldBePlain(remark);
    }

    [Fact(Timeout = 120_000)]
    public async Task The_guard_starts_whatever_the_program_is_called()
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] });
        await using var agent = new FakeAgent(vm.Directory.File("ga"));
        var program = Path.Combine(Directory.CreateDirectory(vm.Directory.File("bin")).FullName, "qbackup-0.1.0");
        // A native binary is all of it; else the program needs its libraries beside it.
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
    public async Task A_thaw_that_cannot_reach_the_agent_says_that_the_guest_may_be_frozen()
    {
        await using var directory = TestDirectory.Create();
        var nobody = await Qbackup.RunAsync("thaw", "--agent", directory.File("nobody"));
        nobody.ExitCode.Should().Be(7, nobody.ToString());
        nobody.Stderr.Should().Contain("no guest agent's socket").And.Contain("If the guest was frozen, it may still be.").And.Contain("--agent");
        var error = (await Qbackup.RunAsync("thaw", "--agent", directory.File("nobody"), "-o", "json")).Error();
        error.GetProperty("code").GetString().Should().Be("freeze-failed");
    }

    [Fact(Timeout = 120_000)]
    public async Task Thaw_thaws_what_something_left_frozen()
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
