using System.Text;
using System.Text.Json;
using QmpBackup.Qemu.Tests.Workflow;
using QmpBackup.Testing;

namespace QmpBackup.Qemu.Tests.Commands;

/// <summary>
/// The guest agent is inside the guest and may do anything: it hangs, is late, sends garbage, disconnects, floods or lies, at every command around the
/// freeze. In every case the guest ends thawed, a required freeze that failed leaves nothing and ends with exit code 7, and text from the agent is escaped.
/// </summary>
public sealed class AgentFaultTests
{
    // The checks mostly wait for a silent agent.
    private const int Workers = 10;
    private const string Sync = "guest-sync-delimited";
    private const string Info = "guest-info";
    private const string Status = "guest-fsfreeze-status";
    private const string Freeze = "guest-fsfreeze-freeze";
    private const string List = "guest-fsfreeze-freeze-list";
    private const string Thaw = "guest-fsfreeze-thaw";
    private const string Red = "\\u001b[31mred\\u0007\\u009b";

    private static readonly byte[] RedBytes = Encoding.Latin1.GetBytes("\u001b[2J\u001b]0;owned\u0007\u009b{]\"\0\n");

    /// <summary>How the freeze of the backup ends.</summary>
    private enum Outcome
    {
        /// <summary>The guest was frozen for the point in time, in spite of the fault.</summary>
        Frozen,

        /// <summary>The guest was not frozen for the whole transaction.</summary>
        NotFrozen,
    }

    private static readonly (string What, string Command, Action<AgentRule> Fault, Outcome Outcome)[] Faults =
    [
        ("hangs", Sync, r => r.Hang(), Outcome.NotFrozen),
        ("hangs", Info, r => r.Hang(), Outcome.NotFrozen),
        ("hangs", Freeze, r => r.Hang(), Outcome.NotFrozen),
        ("hangs after the freeze", Freeze, r => r.Hang(acts: true), Outcome.NotFrozen),
        ("hangs", List, r => r.Hang(acts: true), Outcome.NotFrozen),
        ("hangs", Thaw, r => r.Hang(), Outcome.Frozen),
        ("hangs after the thaw", Thaw, r => r.Hang(acts: true), Outcome.Frozen),
        ("hangs", Status, r => r.Hang(), Outcome.Frozen),
        ("is late", Sync, Late, Outcome.Frozen),
        ("is late", Info, Late, Outcome.Frozen),
        ("is late", Freeze, Late, Outcome.NotFrozen),
        ("is late", Thaw, Late, Outcome.Frozen),
        ("sends garbage", Sync, r => r.Garbage(RedBytes), Outcome.NotFrozen),
        ("sends garbage", Info, r => r.Garbage(RedBytes), Outcome.NotFrozen),
        ("sends garbage after the freeze", Freeze, r => r.Garbage(RedBytes, acts: true), Outcome.NotFrozen),
        ("sends garbage", Thaw, r => r.Garbage(RedBytes), Outcome.Frozen),
        ("sends garbage", Status, r => r.Garbage(RedBytes), Outcome.Frozen),
        ("disconnects", Sync, r => r.Die(), Outcome.NotFrozen),
        ("disconnects", Info, r => r.Die(), Outcome.NotFrozen),
        ("disconnects after the freeze", Freeze, r => r.Die(acts: true), Outcome.NotFrozen),
        ("disconnects", Thaw, r => r.Die(), Outcome.Frozen),
        ("disconnects after the thaw", Thaw, r => r.Die(acts: true), Outcome.Frozen),
        ("disconnects", Status, r => r.Die(), Outcome.Frozen),
        ("floods", Sync, r => r.Flood(32 << 20), Outcome.NotFrozen),
        ("floods", Info, r => r.Flood(32 << 20), Outcome.NotFrozen),
        ("floods after the freeze", Freeze, r => r.Flood(32 << 20, acts: true), Outcome.NotFrozen),
        ("floods", Thaw, r => r.Flood(32 << 20), Outcome.Frozen),
        ("floods", Status, r => r.Flood(32 << 20), Outcome.Frozen),
        ("refuses", Info, r => r.Fail(Red, Red), Outcome.NotFrozen),
        ("refuses", Freeze, r => r.Fail(Red, Red), Outcome.NotFrozen),
        ("refuses after the freeze", Freeze, r => r.Fail("GenericError", Red, acts: true), Outcome.NotFrozen),
        ("refuses", Thaw, r => r.Fail("GenericError", Red), Outcome.Frozen),
        ("refuses after the thaw", Thaw, r => r.Fail("GenericError", Red, acts: true), Outcome.Frozen),
        ("refuses", Status, r => r.Fail("GenericError", Red), Outcome.Frozen),
        ("reports that it froze nothing", Freeze, r => r.Return("0", acts: false), Outcome.NotFrozen),
        ("reports that it froze nothing, after the freeze", Freeze, r => r.Return("0"), Outcome.NotFrozen),
        ("reports a negative number of frozen file systems", Freeze, r => r.Return("-3"), Outcome.NotFrozen),
        ("reports an impossible number of frozen file systems", Freeze, r => r.Return("9223372036854775807"), Outcome.Frozen),
        ("reports a number that does not fit", Freeze, r => r.Return("1e999"), Outcome.NotFrozen),
        ("reports a text instead of a number", Freeze, r => r.Return($"\"{Red}\""), Outcome.NotFrozen),
        ("reports a thaw that did not happen", Thaw, r => r.Return("2", acts: false), Outcome.Frozen),
        ("reports a negative number of thawed file systems", Thaw, r => r.Return("-3"), Outcome.NotFrozen),
        ("reports that nothing was left to thaw", Thaw, r => r.Return("0"), Outcome.NotFrozen),
        ("reports that the thawed guest is frozen", Status, r => r.Return("\"frozen\""), Outcome.Frozen),
        ("reports an unknown status", Status, r => r.Return($"\"{Red}\""), Outcome.Frozen),
        ("returns empty information", Info, r => r.Return("{}"), Outcome.NotFrozen),
    ];

    private static void Late(AgentRule rule) => rule.Late(AfterAsync(rule));

    // Longer than the time limit of the freeze here, shorter than the other time limits.
    private static async Task AfterAsync(AgentRule rule)
    {
        await rule.Hit;
        await Task.Delay(TimeSpan.FromSeconds(2));
    }

    internal static void ShouldBeEscaped(string text) =>
        text.Where(c => char.IsControl(c) && c != '\n').Should().BeEmpty("text from the agent is escaped: {0}", text);

    [Fact(Timeout = 300_000)]
    public async Task The_guest_is_thawed_and_the_exit_code_is_right_whatever_the_agent_does()
    {
        var cases = Faults.Select(fault => (Fault: fault, Mode: "require")).Concat(Faults.Where(f => f.Outcome == Outcome.NotFrozen).Select(fault => (Fault: fault, Mode: "auto"))).ToList();
        var problems = new System.Collections.Concurrent.ConcurrentBag<string>();
        await Parallel.ForEachAsync(Enumerable.Range(0, Workers), new ParallelOptions { MaxDegreeOfParallelism = Workers }, async (worker, token) =>
        {
            await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] }, token);
            for (var i = worker; i < cases.Count; i += Workers)
            {
                var ((what, command, fault, outcome), mode) = cases[i];
                try
                {
                    await CheckAsync(vm, i, command, fault, outcome, mode);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    problems.Add($"{mode}: the agent {what} at {command}: {e.Message}");
                }
            }
        });
        problems.Should().BeEmpty();
    }

    private static async Task CheckAsync(QemuVm vm, int number, string command, Action<AgentRule> fault, Outcome outcome, string mode)
    {
        var before = await vm.StateAsync();
        await using var agent = new FakeAgent(vm.Directory.File("ga" + number));
        fault(agent.On(command));
        string[] mountpoints = command == List ? ["--freeze-mountpoint", "/a", "--freeze-mountpoint", "/b"] : [];
        var result = await CommandOf.RunAsync(vm, ["start", "--agent", agent.Endpoint, "--freeze", mode, "--freeze-timeout", "1", .. mountpoints]);
        var session = (await CommandOf.RunAsync(vm, "status", "-o", "json")).Json().GetProperty("session");
        if (session.ValueKind != JsonValueKind.Null)
            (await CommandOf.RunAsync(vm, "abort")).EnsureSuccess();

        agent.IsFrozen.Should().BeFalse("the guest must not stay frozen: {0}", result);
        ShouldBeEscaped(result.Stdout);
        ShouldBeEscaped(result.Stderr);
        result.ExitCode.Should().Be(outcome == Outcome.NotFrozen && mode == "require" ? 7 : 0, result.ToString());
        if (result.ExitCode == 0)
        {
            session.GetProperty("frozenMilliseconds").ValueKind.Should().Be(outcome == Outcome.Frozen ? JsonValueKind.Number : JsonValueKind.Null, result.ToString());
            if (outcome == Outcome.NotFrozen)
                result.Stderr.Should().Contain("not frozen");
        }
        else
        {
            session.ValueKind.Should().Be(JsonValueKind.Null);
            result.Stderr.Should().Contain("could not be frozen");
        }

        (await vm.StateAsync()).Should().BeEquivalentTo(before);
        vm.ShouldHaveNoScratch();
    }

    [Fact(Timeout = 120_000)]
    public async Task Start_does_not_freeze_or_thaw_a_guest_that_was_frozen_before()
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] });
        await using var agent = new FakeAgent(vm.Directory.File("ga"));
        agent.SetFrozen(true);
        var result = await CommandOf.RunAsync(vm, "start", "--agent", agent.Endpoint, "--freeze", "require");
        result.ExitCode.Should().Be(7, result.ToString());
        result.Stderr.Should().Contain("frozen already").And.Contain("qbackup thaw");
        agent.IsFrozen.Should().BeTrue("another client froze it");
        (await CommandOf.RunAsync(vm, "status")).EnsureSuccess().Stdout.Should().Contain("No backup is open");
    }
}
