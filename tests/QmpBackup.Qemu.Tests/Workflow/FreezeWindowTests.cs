using Microsoft.Extensions.Logging.Abstractions;
using QmpBackup.Execution;
using QmpBackup.Qmp;
using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Workflow.WorkflowOf;

namespace QmpBackup.Qemu.Tests.Workflow;

/// <summary>After any fault around the transaction, the guest is thawed before anything else.</summary>
public sealed class FreezeWindowTests
{
    private sealed class RecordingFreezer(List<string> log) : IGuestFreezer
    {
        public string? Obstacle { get; init; }

        public FreezeOutcome Outcome { get; init; } = new(2, null);

        public Exception? ThawFails { get; init; }

        public Task<string?> PrepareAsync(CancellationToken cancellationToken) => Task.FromResult(Obstacle);

        public Task<FreezeOutcome> FreezeAsync(FreezeRequest request)
        {
            log.Add("freeze");
            return Task.FromResult(Outcome);
        }

        public TimeSpan? Length { get; init; } = TimeSpan.FromMilliseconds(12.34);

        public Task<TimeSpan?> ThawAsync()
        {
            log.Add("thaw");
            return ThawFails is null ? Task.FromResult(Length) : Task.FromException<TimeSpan?>(ThawFails);
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private static async Task<(Exception? Failure, BackupSession? Session, List<string> Log)> StartAsync(
        QemuVm vm, Func<List<string>, RecordingFreezer> freezer, FreezeMode mode, Action<QmpProxy>? fault = null)
    {
        var log = new List<string>();
        await using var proxy = QmpProxy.Start(vm);
        fault?.Invoke(proxy);
        await using var workflow = await BackupWorkflow.ConnectAsync(
            QmpEndpoint.Parse(proxy.Endpoint), null, new BackupWorkflowOptions { Freezer = () => freezer(log) }, TestContext.Current.CancellationToken);
        try
        {
            return (null, await workflow.StartAsync(Request(vm) with { Freeze = new FreezeRequest { Mode = mode } }), log);
        }
        catch (Exception e)
        {
            return (e, null, log);
        }
    }

    private static Task<QemuVm> VmAsync() => QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] }, TestContext.Current.CancellationToken);

    [Fact(Timeout = 60_000)]
    public async Task The_session_reports_how_long_the_guest_was_frozen()
    {
        await using var vm = await VmAsync();
        var (_, session, log) = await StartAsync(vm, log => new RecordingFreezer(log), FreezeMode.Require);
        log.Should().Equal("freeze", "thaw");
        session!.FrozenMilliseconds.Should().Be(12.3);
        session.FreezeObstacle.Should().BeNull();
        (await StatusAsync(vm)).Session!.FrozenMilliseconds.Should().Be(12.3);
        await AbortAsync(vm);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("transaction", false)]
    [InlineData("transaction", true)]
    [InlineData("block-export-add", false)]
    public async Task A_fault_in_or_after_the_freeze_window_leaves_the_guest_thawed_and_the_VM_unchanged(string command, bool cut)
    {
        await using var vm = await VmAsync();
        var before = await vm.StateAsync();
        var (failure, _, log) = await StartAsync(vm, log => new RecordingFreezer(log), FreezeMode.Auto,
            proxy => _ = cut ? proxy.On(command).CutWithoutReply() : proxy.On(command).Fail());
        failure.Should().BeOfType<BackupException>();
        log.Should().Equal("freeze", "thaw");
        (await vm.StateAsync()).Should().BeEquivalentTo(before);
    }

    [Theory(Timeout = 60_000)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_required_freeze_that_is_impossible_fails_the_start_and_leaves_nothing(bool knownBefore)
    {
        await using var vm = await VmAsync();
        var before = await vm.StateAsync();
        var (failure, _, log) = await StartAsync(vm, log => knownBefore
            ? new RecordingFreezer(log) { Obstacle = "no agent answers" }
            : new RecordingFreezer(log) { Outcome = new FreezeOutcome(0, "") }, FreezeMode.Require);
        failure.Should().BeOfType<BackupException>().Which.Code.Should().Be(BackupErrorCode.FreezeFailed);
        log.Should().Equal(knownBefore ? [] : ["freeze", "thaw"]);
        (await vm.StateAsync()).Should().BeEquivalentTo(before);
        vm.ShouldHaveNoScratch();
    }

    [Fact(Timeout = 60_000)]
    public async Task Auto_continues_without_a_freeze_and_reports_none()
    {
        await using var vm = await VmAsync();
        var (_, session, _) = await StartAsync(vm, log => new RecordingFreezer(log) { Outcome = new FreezeOutcome(0, "no file system") }, FreezeMode.Auto);
        session!.FrozenMilliseconds.Should().BeNull();
        session.FreezeObstacle.Should().Be("no file system");
        await AbortAsync(vm);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_failed_thaw_does_not_hide_that_the_outcome_of_a_command_is_unknown()
    {
        await using var vm = await VmAsync();
        await using var proxy = QmpProxy.Start(vm);
        proxy.On("query-name").CutWithoutReply();
        await using var client = await QmpClient.ConnectAsync(QmpEndpoint.Parse(proxy.Endpoint), null, TestContext.Current.CancellationToken);
        var freezer = new RecordingFreezer([]) { ThawFails = new BackupException(BackupErrorCode.FreezeFailed, "The guest may still be frozen.") };
        var executor = new PlanExecutor(client, NullLogger.Instance, TimeProvider.System, null, freezer);
        var plan = new BackupPlan(PlanAction.Start, "", [new FreezeStep("Freeze.", new FreezeRequest()), new CommandStep("Ask.", QmpRequest.Raw("query-name"))]);
        var run = () => executor.RunAsync(plan, TestContext.Current.CancellationToken);
        (await run.Should().ThrowAsync<BackupException>()).Which.Code.Should().Be(BackupErrorCode.FreezeFailed);
        executor.IsUncertain.Should().BeTrue();
    }

    [Fact(Timeout = 60_000)]
    public async Task A_guest_that_was_thawed_too_early_counts_as_not_frozen()
    {
        await using var vm = await VmAsync();
        var before = await vm.StateAsync();
        var (failure, _, _) = await StartAsync(vm, log => new RecordingFreezer(log) { Length = null }, FreezeMode.Require);
        failure.Should().BeOfType<BackupException>().Which.Code.Should().Be(BackupErrorCode.FreezeFailed);
        (await vm.StateAsync()).Should().BeEquivalentTo(before);

        var (_, session, log) = await StartAsync(vm, log => new RecordingFreezer(log) { Length = null }, FreezeMode.Auto);
        log.Should().Equal("freeze", "thaw");
        session!.FrozenMilliseconds.Should().BeNull();
        (await StatusAsync(vm)).Session!.FrozenMilliseconds.Should().BeNull();
        await AbortAsync(vm);
    }

    [Fact(Timeout = 60_000)]
    public async Task If_a_required_freeze_cannot_be_thawed_start_fails_and_rolls_back()
    {
        await using var vm = await VmAsync();
        var before = await vm.StateAsync();
        var (failure, _, _) = await StartAsync(vm, log => new RecordingFreezer(log)
        {
            ThawFails = new BackupException(BackupErrorCode.FreezeFailed, "The guest may still be frozen.", "Thaw it by hand."),
        }, FreezeMode.Require);
        failure.Should().BeOfType<BackupException>().Which.Message.Should().Contain("still be frozen");
        (await vm.StateAsync()).Should().BeEquivalentTo(before);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("refused")]
    [InlineData("late")]
    [InlineData("cancelled")]
    public async Task If_the_freeze_fails_QEMU_forgets_the_transaction_that_it_has_read(string fault)
    {
        await using var vm = await VmAsync();
        var before = await vm.StateAsync();
        await using var agent = new FakeAgent(vm.Directory.File("agent"));
        var release = new TaskCompletionSource();
        var rule = agent.On("guest-fsfreeze-freeze");
        rule = fault == "refused" ? rule.Fail() : rule.Late(release.Task);
        await using var workflow = await BackupWorkflow.ConnectAsync(QmpEndpoint.Parse(vm.QmpEndpoint), null,
            new BackupWorkflowOptions { Freezer = () => new AgentFreezer(QmpEndpoint.Parse(agent.Endpoint)) }, TestContext.Current.CancellationToken);
        using var stop = new CancellationTokenSource();
        var freeze = new FreezeRequest { Mode = FreezeMode.Require, Timeout = TimeSpan.FromSeconds(fault == "late" ? 0.2 : 30) };
        var start = workflow.StartAsync(Request(vm) with { Freeze = freeze }, stop.Token);
        await rule.Hit;
        if (fault == "cancelled")
            await stop.CancelAsync();
        // The agent answers in the end: here after the time limit, or at once.
        _ = Task.Delay(fault == "late" ? 400 : 0, TestContext.Current.CancellationToken).ContinueWith(_ => release.TrySetResult(), TaskScheduler.Default);
        Func<Task> wait = () => start;
        if (fault == "cancelled")
            await wait.Should().ThrowAsync<OperationCanceledException>();
        else
            (await wait.Should().ThrowAsync<BackupException>()).Which.Code.Should().Be(BackupErrorCode.FreezeFailed);

        agent.IsFrozen.Should().BeFalse();
        (await vm.StateAsync()).Should().BeEquivalentTo(before);
        vm.ShouldHaveNoScratch();
        workflow.Client.CloseReason.Should().BeNull();
        (await workflow.GetStatusAsync(TestContext.Current.CancellationToken)).Session.Should().BeNull();
    }
}
