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
            ["start", "--agent", agent.Endpoint, "--freeze", "auto", "--qmp", vm.QmpEndpoint, "--scratch-dir", vm.Directory.Path], new CommandOptions { Timeout = TimeSpan.FromSeconds(170) });
        var result = await start.WaitAsync();
        result.ExitCode.Should().Be(7, result.ToString());
        result.Stderr.Should().ContainEquivalentOf("still be frozen").And.Contain("qbackup thaw --agent");
        result.Stderr.Length.Should().BeLessThan(1000, "it is said once: {0}", result.Stderr);
        AgentFaultTests.ShouldBePlain(result.Stderr);
        (await vm.StateAsync()).Should().BeEquivalentTo(before);
        vm.ShouldHaveNoScratch();
    }
}
