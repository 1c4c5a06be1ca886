using System.Text;
using System.Text.Json;
using QmpBackup.Qemu.Tests.Workflow;
using QmpBackup.Testing;

namespace QmpBackup.Qemu.Tests.Commands;

/// <summary>
/// The guest agent is inside the guest and may do anything: it hangs, is late, talks nonsense, dies, floods or lies, at every command around the freeze. Whatever it
/// does: no guest stays frozen that can be thawed, a required freeze that was none leaves nothing and ends with 7, and nothing of the agent's reaches a terminal as it is.
/// </summary>
public sealed class AgentFaultTests
{
    // Most of it is waiting for an agent that says nothing.
    private const int Workers = 10;
    private const string Sync = "guest-sync-delimited";
    private const string Info = "guest-info";
    private const string Status = "guest-fsfreeze-status";
    private const string Freeze = "guest-fsfreeze-freeze";
    private const string List = "guest-fsfreeze-freeze-list";
    private const string Thaw = "guest-fsfreeze-thaw";
    private const string Red = "\\u001b[31mred\\u0007\\u009b";

    private static readonly byte[] RedBytes = Encoding.Latin1.GetBytes("\u001b[2J\u001b]0;owned\u0007\u009b{]\"\0\n");

    /// <summary>What comes of it: frozen all the same, not frozen, or thawed after it may have been frozen.</summary>
    private enum Outcome
    {
        /// <summary>The fault is overcome: a freeze as it should be.</summary>
        Frozen,

        /// <summary>No freeze.</summary>
        NotFrozen,
    }

    private static readonly (string What, string Command, Action<AgentRule> Fault, Outcome Outcome)[] Faults =
    [
        ("hangs", Sync, r => r.Hang(), Outcome.NotFrozen),
        ("hangs", Info, r => r.Hang(), Outcome.NotFrozen),
        ("hangs", Freeze, r => r.Hang(), Outcome.NotFrozen),
        ("hangs having frozen", Freeze, r => r.Hang(acts: true), Outcome.NotFrozen),
        ("hangs", List, r => r.Hang(acts: true), Outcome.NotFrozen),
        ("hangs", Thaw, r => r.Hang(), Outcome.Frozen),
        ("hangs having thawed", Thaw, r => r.Hang(acts: true), Outcome.Frozen),
        ("hangs", Status, r => r.Hang(), Outcome.Frozen),
        ("is late", Sync, Late, Outcome.Frozen),
        ("is late", Info, Late, Outcome.Frozen),
        ("is late", Freeze, Late, Outcome.NotFrozen),
        ("is late", Thaw, Late, Outcome.Frozen),
        ("talks nonsense", Sync, r => r.Garbage(RedBytes), Outcome.NotFrozen),
        ("talks nonsense", Info, r => r.Garbage(RedBytes), Outcome.NotFrozen),
        ("talks nonsense having frozen", Freeze, r => r.Garbage(RedBytes, acts: true), Outcome.NotFrozen),
        ("talks nonsense", Thaw, r => r.Garbage(RedBytes), Outcome.Frozen),
        ("talks nonsense", Status, r => r.Garbage(RedBytes), Outcome.Frozen),
        ("dies", Sync, r => r.Die(), Outcome.NotFrozen),
        ("dies", Info, r => r.Die(), Outcome.NotFrozen),
        ("dies having frozen", Freeze, r => r.Die(acts: true), Outcome.NotFrozen),
        ("dies", Thaw, r => r.Die(), Outcome.Frozen),
        ("dies having thawed", Thaw, r => r.Die(acts: true), Outcome.Frozen),
        ("dies", Status, r => r.Die(), Outcome.Frozen),
        ("floods", Sync, r => r.Flood(32 << 20), Outcome.NotFrozen),
        ("floods", Info, r => r.Flood(32 << 20), Outcome.NotFrozen),
        ("floods having frozen", Freeze, r => r.Flood(32 << 20, acts: true), Outcome.NotFrozen),
        ("floods", Thaw, r => r.Flood(32 << 20), Outcome.Frozen),
        ("floods", Status, r => r.Flood(32 << 20), Outcome.Frozen),
        ("refuses", Info, r => r.Fail(Red, Red), Outcome.NotFrozen),
        ("refuses", Freeze, r => r.Fail(Red, Red), Outcome.NotFrozen),
        ("refuses having frozen", Freeze, r => r.Fail("GenericError", Red, acts: true), Outcome.NotFrozen),
        ("refuses", Thaw, r => r.Fail("GenericError", Red), Outcome.Frozen),
        ("refuses having thawed", Thaw, r => r.Fail("GenericError", Red, acts: true), Outcome.Frozen),
        ("refuses", Status, r => r.Fail("GenericError", Red), Outcome.Frozen),
        ("says it froze nothing", Freeze, r => r.Return("0", acts: false), Outcome.NotFrozen),
        ("says it froze nothing, having frozen", Freeze, r => r.Return("0"), Outcome.NotFrozen),
        ("says it froze less than nothing", Freeze, r => r.Return("-3"), Outcome.NotFrozen),
        ("says it froze more than there can be", Freeze, r => r.Return("9223372036854775807"), Outcome.Frozen),
        ("says it froze what no number holds", Freeze, r => r.Return("1e999"), Outcome.NotFrozen),
        ("says it froze red", Freeze, r => r.Return($"\"{Red}\""), Outcome.NotFrozen),
        ("says it thawed, and has not", Thaw, r => r.Return("2", acts: false), Outcome.Frozen),
        ("says it thawed less than nothing", Thaw, r => r.Return("-3"), Outcome.NotFrozen),
        ("says there was nothing to be thawed any more", Thaw, r => r.Return("0"), Outcome.NotFrozen),
        ("says it is frozen, thawed as it is", Status, r => r.Return("\"frozen\""), Outcome.Frozen),
        ("says it is red", Status, r => r.Return($"\"{Red}\""), Outcome.Frozen),
        ("says nothing at all of itself", Info, r => r.Return("{}"), Outcome.NotFrozen),
    ];

    private static void Late(AgentRule rule) => rule.Late(AfterAsync(rule));

    // Longer than the freeze may take here, shorter than the client's patience with everything else.
    private static async Task AfterAsync(AgentRule rule)
    {
        await rule.Hit;
        await Task.Delay(TimeSpan.FromSeconds(2));
    }

    internal static void ShouldBePlain(string text) =>
        text.Where(c => char.IsControl(c) && c != '\n').Should().BeEmpty("nothing of the agent's reaches the terminal as it is: {0}", text);

    [Fact(Timeout = 300_000)]
    public async Task Whatever_the_agent_does_the_guest_is_thawed_and_the_exit_code_is_right()
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

        agent.IsFrozen.Should().BeFalse("no guest stays frozen: {0}", result);
        ShouldBePlain(result.Stdout);
        ShouldBePlain(result.Stderr);
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
    public async Task A_guest_that_was_frozen_before_is_neither_frozen_nor_thawed_by_a_start()
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] });
        await using var agent = new FakeAgent(vm.Directory.File("ga"));
        agent.SetFrozen(true);
        var result = await CommandOf.RunAsync(vm, "start", "--agent", agent.Endpoint, "--freeze", "require");
        result.ExitCode.Should().Be(7, result.ToString());
        result.Stderr.Should().Contain("frozen already").And.Contain("qbackup thaw");
        agent.IsFrozen.Should().BeTrue("it is somebody else's freeze");
        (await CommandOf.RunAsync(vm, "status")).EnsureSuccess().Stdout.Should().Contain("No backup is open");
    }
}
