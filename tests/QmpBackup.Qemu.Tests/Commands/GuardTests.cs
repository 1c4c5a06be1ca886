using QmpBackup.Qemu.Tests.Workflow;
using QmpBackup.Testing;

namespace QmpBackup.Qemu.Tests.Commands;

/// <summary>Whoever is killed, whenever: no guest stays frozen.</summary>
public sealed class GuardTests
{
    private const int Instants = 200;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);

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
            while (agent.IsFrozen && DateTimeOffset.UtcNow - killed < Longest) await Task.Delay(5);
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
        while (agent.IsFrozen && DateTimeOffset.UtcNow - killed < Longest) await Task.Delay(5);
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
