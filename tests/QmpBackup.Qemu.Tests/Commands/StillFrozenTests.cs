using QmpBackup.Qemu.Tests.Workflow;
using QmpBackup.Testing;

namespace QmpBackup.Qemu.Tests.Commands;

/// <summary>A guest that cannot be thawed. Thawing is tried for a minute: in its own class, these tests run in parallel with others.</summary>
public sealed class StillFrozenTests
{
    [Fact(Timeout = 180_000)]
    public async Task Start_fails_with_advice_and_leaves_no_backup_if_the_guest_stays_frozen()
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
        result.Stderr.Length.Should().BeLessThan(1000, "the error appears once: {0}", result.Stderr);
        AgentFaultTests.ShouldBeEscaped(result.Stderr);
        (await vm.StateAsync()).Should().BeEquivalentTo(before);
        vm.ShouldHaveNoScratch();
    }

    // The guest must not be able to prevent its backup.
    [Theory(Timeout = 180_000)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Backup_continues_with_a_warning_if_the_guest_never_reports_its_thaw(bool silent)
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
