using QmpBackup.Model;
using QmpBackup.Qmp;
using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Workflow.WorkflowOf;

namespace QmpBackup.Qemu.Tests.Workflow;

/// <summary>Each step of start fails in turn: everything is rolled back and the error says why.</summary>
public sealed class StartFaultTests
{
    private const int Mib = 1 << 20;

    // Two disks with a chain, so that every kind of step occurs.
    private static async Task<QemuVm> VmAsync()
    {
        var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a"), new TestDisk("b")] }, TestContext.Current.CancellationToken);
        await FullAsync(vm);
        await vm.WriteAsync("a", 0, 0x11, Mib);
        return vm;
    }

    /// <summary>The commands of start that change something, each with its occurrence.</summary>
    private static async Task<List<(string Command, int Occurrence)>> StepsAsync(QemuVm vm)
    {
        await using var workflow = await ConnectAsync(vm);
        var plan = await workflow.PlanStartAsync(Request(vm), TestContext.Current.CancellationToken);
        return [.. plan.Steps.OfType<CommandStep>().GroupBy(s => s.Request.Command).SelectMany(g => g.Select((s, i) => (g.Key, i + 1)))];
    }

    private static async Task<Exception?> StartThroughAsync(QemuVm vm, QmpProxy proxy, TimeSpan? commandTimeout = null)
    {
        var options = commandTimeout is { } timeout ? new QmpClientOptions { CommandTimeout = timeout } : null;
        await using var workflow = await ConnectAsync(proxy.Endpoint, options);
        try
        {
            await workflow.StartAsync(Request(vm), TestContext.Current.CancellationToken);
            return null;
        }
        catch (Exception e)
        {
            return e;
        }
    }

    [Fact(Timeout = 240_000)]
    public async Task An_error_at_any_step_rolls_everything_back()
    {
        await using var vm = await VmAsync();
        var before = await vm.StateAsync();
        foreach (var (command, occurrence) in await StepsAsync(vm))
        {
            await using var proxy = QmpProxy.Start(vm);
            proxy.On(command, occurrence).Fail(description: "injected \u001b[31merror");
            var failure = (await StartThroughAsync(vm, proxy)).Should().BeOfType<BackupException>($"{command} {occurrence}").Subject;
            failure.Code.Should().BeOneOf(BackupErrorCode.CommandRefused, BackupErrorCode.BackupFailed);
            failure.Message.Should().Contain(command).And.Contain("injected");
            (await vm.StateAsync()).Should().BeEquivalentTo(before, $"{command} {occurrence} failed");
            vm.ShouldHaveNoScratch();
        }
    }

    [Theory(Timeout = 240_000)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task After_a_connection_cut_at_any_step_start_reconnects_and_rolls_everything_back(bool commandReachesQemu)
    {
        await using var vm = await VmAsync();
        var before = await vm.StateAsync();
        foreach (var (command, occurrence) in await StepsAsync(vm))
        {
            await using var proxy = QmpProxy.Start(vm);
            var rule = proxy.On(command, occurrence);
            _ = commandReachesQemu ? rule.CutWithoutReply() : rule.CutBefore();
            var failure = (await StartThroughAsync(vm, proxy)).Should().BeOfType<BackupException>($"{command} {occurrence}").Subject;
            failure.Code.Should().Be(BackupErrorCode.BackupFailed);
            (await vm.StateAsync()).Should().BeEquivalentTo(before, $"the connection was cut at {command} {occurrence}: {failure.Message}");
            vm.ShouldHaveNoScratch();
        }
    }

    [Fact(Timeout = 240_000)]
    public async Task A_command_without_a_reply_is_treated_as_one_that_may_have_run()
    {
        await using var vm = await VmAsync();
        var before = await vm.StateAsync();
        foreach (var (command, occurrence) in (await StepsAsync(vm)).Where(s => s.Command is "transaction" or "block-export-add" or "nbd-server-start" or "object-add" or "blockdev-add"))
        {
            await using var proxy = QmpProxy.Start(vm);
            proxy.On(command, occurrence).SwallowReply();
            var failure = (await StartThroughAsync(vm, proxy, TimeSpan.FromSeconds(2))).Should().BeOfType<BackupException>($"{command} {occurrence}").Subject;
            failure.Code.Should().Be(BackupErrorCode.TimedOut);
            (await vm.StateAsync()).Should().BeEquivalentTo(before, $"no reply came to {command} {occurrence}");
            vm.ShouldHaveNoScratch();
        }
    }

    [Theory(Timeout = 60_000)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_start_without_a_reply_to_its_note_leaves_the_backup_of_another_client_alone(bool commandReachesQemu)
    {
        await using var vm = await VmAsync();
        await using var proxy = QmpProxy.Start(vm.SecondQmpPath, vm.Directory.File("proxy"));
        var release = new TaskCompletionSource();
        var mark = proxy.On("object-add").HoldUntil(release.Task);
        _ = commandReachesQemu ? mark.CutWithoutReply() : mark.CutBefore();
        var starting = StartThroughAsync(vm, proxy);
        await mark.Hit;
        var session = await StartAsync(vm);
        var point = vm.Snapshot("a");
        await vm.WriteAsync("a", 0, 0x22, Mib);
        release.SetResult();
        (await starting).Should().BeOfType<BackupException>();
        (await StatusAsync(vm)).Should().Match<VmStatus>(s => s.Session!.Id == session.Id && s.Problem == null);
        await session.Disk("a").ShouldReadAsync(point, vm);
        await FinishAsync(vm);
        vm.ShouldHaveNoScratch();
    }

    [Fact(Timeout = 60_000)]
    public async Task A_start_whose_note_is_removed_and_whose_connection_is_cut_still_rolls_back_its_own_parts()
    {
        await using var vm = await VmAsync();
        var before = await vm.StateAsync();
        await using var proxy = QmpProxy.Start(vm.SecondQmpPath, vm.Directory.File("proxy"));
        var release = new TaskCompletionSource();
        var rule = proxy.On("nbd-server-start").HoldUntil(release.Task).CutBefore();
        var starting = StartThroughAsync(vm, proxy);
        await rule.Hit;
        await vm.Monitor.ExecuteAsync("object-del", $$"""{"id":"{{SessionNames.NoteObject}}"}""");
        release.SetResult();
        (await starting).Should().BeOfType<BackupException>();
        (await vm.StateAsync()).Should().BeEquivalentTo(before);
        vm.ShouldHaveNoScratch();
    }

    [Fact(Timeout = 120_000)]
    public async Task The_error_names_a_scratch_directory_that_QEMU_cannot_write()
    {
        await using var vm = await VmAsync();
        var before = await vm.StateAsync();
        await using var workflow = await ConnectAsync(vm);
        var start = () => workflow.StartAsync(Request(vm) with { ScratchDirectory = "/proc" }, TestContext.Current.CancellationToken);
        var failure = (await start.Should().ThrowAsync<BackupException>()).Which;
        failure.Code.Should().Be(BackupErrorCode.Storage);
        failure.Message.Should().Contain("/proc");
        await workflow.DisposeAsync();
        (await vm.StateAsync()).Should().BeEquivalentTo(before);
    }

    [Fact(Timeout = 120_000)]
    public async Task Start_fails_and_leaves_nothing_if_the_scratch_directory_is_full()
    {
        await using var vm = await VmAsync();
        var before = await vm.StateAsync();
        var full = await vm.Directory.MountTmpfsAsync("small", 64 << 10);
        await using var workflow = await ConnectAsync(vm);
        var start = () => workflow.StartAsync(Request(vm) with { ScratchDirectory = full }, TestContext.Current.CancellationToken);
        (await start.Should().ThrowAsync<BackupException>()).Which.Code.Should().Be(BackupErrorCode.Storage);
        await workflow.DisposeAsync();
        (await vm.StateAsync()).Should().BeEquivalentTo(before);
        Directory.EnumerateFileSystemEntries(full).Should().BeEmpty();
    }

    [Fact(Timeout = 120_000)]
    public async Task Cancelling_between_any_two_steps_rolls_back()
    {
        await using var vm = await VmAsync();
        var before = await vm.StateAsync();
        foreach (var (command, occurrence) in await StepsAsync(vm))
        {
            await using var proxy = QmpProxy.Start(vm);
            using var cancel = new CancellationTokenSource();
            var rule = proxy.On(command, occurrence).HoldReplyUntil(UntilAsync(cancel.Token));
            await using var workflow = await ConnectAsync(proxy.Endpoint);
            var start = workflow.StartAsync(Request(vm), cancel.Token);
            await rule.Hit;
            await cancel.CancelAsync();
            var wait = () => start;
            await wait.Should().ThrowAsync<OperationCanceledException>($"{command} {occurrence}");
            await workflow.DisposeAsync();
            (await vm.StateAsync()).Should().BeEquivalentTo(before, $"cancelled at {command} {occurrence}");
            vm.ShouldHaveNoScratch();
        }

        static Task UntilAsync(CancellationToken token)
        {
            var source = new TaskCompletionSource();
            token.Register(source.SetResult);
            return source.Task;
        }
    }
}
