using QmpBackup.Qemu.Tests.Workflow;
using QmpBackup.Testing;

namespace QmpBackup.Qemu.Tests.Commands;

/// <summary>A guest that cannot be thawed: that it is tried for a minute is why this is a class of its own, which waits beside others.</summary>
public sealed class StillFrozenTests
{
    [Fact(Timeout = 180_000)]
    public async Task A_guest_that_does_not_thaw_is_an_error_that_says_how_to_thaw_it_by_hand_and_leaves_no_backup()
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] });
        var before = await vm.StateAsync();
        await using var agent = new FakeAgent(vm.Directory.File("ga"));
        agent.OnEvery("guest-fsfreeze-thaw").Return("2", acts: false);
        await using var start = Qbackup.Start(
            ["start", "--agent", agent.Endpoint, "--freeze", "require", "--qmp", vm.QmpEndpoint, "--scratch-dir", vm.Directory.Path], new CommandOptions { Timeout = TimeSpan.FromSeconds(170) });
        var result = await start.WaitAsync();
        result.ExitCode.Should().Be(7, result.ToString());
        result.Stderr.Should().ContainEquivalentOf("still be frozen").And.Contain("qbackup thaw --agent");
        result.Stderr.Length.Should().BeLessThan(1000, "it is said once: {0}", result.Stderr);
        AgentFaultTests.ShouldBePlain(result.Stderr);
        (await vm.StateAsync()).Should().BeEquivalentTo(before);
        vm.ShouldHaveNoScratch();
    }

    // The guest must not be able to keep the host from backing it up.
    [Theory(Timeout = 180_000)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_guest_that_never_says_that_it_is_thawed_does_not_end_the_backup_unless_a_freeze_is_required(bool silent)
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] });
        await using var agent = new FakeAgent(vm.Directory.File("ga"));
        if (silent)
            agent.OnEvery("guest-fsfreeze-thaw").Hang();
        else
            agent.OnEvery("guest-fsfreeze-thaw").Return("2", acts: false);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        await using var start = Qbackup.Start(
            ["start", "--agent", agent.Endpoint, "--freeze", "auto", "--qmp", vm.QmpEndpoint, "--scratch-dir", vm.Directory.Path, "-o", silent ? "json" : "text"], new CommandOptions { Timeout = TimeSpan.FromSeconds(170) });
        var result = await start.WaitAsync();
        result.ExitCode.Should().Be(0, result.ToString());
        clock.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(50));
        if (silent)
            result.Json().GetProperty("remarks").EnumerateArray().Should().Contain(r => r.GetString()!.Contains("STILL BE FROZEN"));
        else
            result.Stderr.Should().Contain("STILL BE FROZEN").And.Contain("qbackup thaw --agent");
        (await CommandOf.RunAsync(vm, "status")).EnsureSuccess().Stdout.Should().Contain("STILL BE FROZEN");
        (await CommandOf.RunAsync(vm, "abort")).EnsureSuccess();
    }
}
