using QmpBackup.Qemu.Tests.Repositories;
using QmpBackup.Qmp;
using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Workflow.WorkflowOf;

namespace QmpBackup.Qemu.Tests.Workflow;

/// <summary>A scratch folder is found and removed in any directory, after any end of the backup. Those of other VMs stay.</summary>
public sealed class LeftoverScratchTests
{
    private const int Mib = 1 << 20;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static string ScratchOf(QemuProcess vm) => Directory.CreateDirectory(vm.Directory.File("scratch")).FullName;

    private static string[] In(string scratch) => [.. Directory.EnumerateFileSystemEntries(scratch)];

    private static Task<BackupWorkflow> LookingInAsync(QemuProcess vm, string scratch) =>
        BackupWorkflow.ConnectAsync(QmpEndpoint.Parse(vm.QmpEndpoint), null, new BackupWorkflowOptions { ScratchDirectories = [scratch] }, Token);

    // QEMU stores bitmaps in the image when it closes it: after a clean end they show the backup, after a kill nothing does.
    private static async Task EndAsync(QemuProcess vm, bool isKilled)
    {
        await (isKilled ? vm.KillAsync() : vm.QuitAsync());
        await vm.RestartAsync(Token);
    }

    [Theory(Timeout = 90_000)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Abort_removes_the_scratch_folder_of_an_interrupted_backup_and_leaves_those_of_other_VMs(bool isKilled)
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] }, Token);
        await using var other = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] }, Token);
        var scratch = ScratchOf(vm);
        var otherFolder = (await StartAsync(other, r => r with { ScratchDirectory = scratch })).Id;
        await EndAsync(other, isKilled: true);
        otherFolder = Path.Combine(scratch, "qbackup-" + otherFolder[^6..]);
        var open = Path.GetDirectoryName(NbdPathOf(await StartAsync(other, r => r with { ScratchDirectory = vm.Directory.Path })))!;
        Directory.Exists(otherFolder).Should().BeTrue("the other VM does not search that directory");
        var unknown = Directory.CreateDirectory(Path.Combine(scratch, "qbackup-000000")).FullName;
        File.WriteAllText(Path.Combine(unknown, "qbackup-000000-0.qcow2"), "");
        new DirectoryInfo(unknown).UnixFileMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

        await FullAsync(vm);
        var session = await StartAsync(vm, r => r with { ScratchDirectory = scratch });
        var ours = Path.Combine(scratch, "qbackup-" + session.Id[^6..]);
        await EndAsync(vm, isKilled);
        In(scratch).Should().BeEquivalentTo(ours, otherFolder, unknown);

        await using var workflow = await LookingInAsync(vm, scratch);
        var status = await workflow.GetStatusAsync(Token);
        (status.Interrupted?.Value).Should().Be(isKilled ? null : session.Id);
        status.Remarks.Select(r => r.ToString()).Where(r => r.Contains(ours)).Should().HaveCount(isKilled ? 1 : 0);
        status.Remarks.Select(r => r.ToString()).Where(r => r.Contains(unknown)).Should().ContainSingle().Which.Should().Contain("by hand");
        status.Remarks.Select(r => r.ToString()).Should().NotContain(r => r.Contains(otherFolder) || r.Contains(open));
        await workflow.AbortAsync(Token);
        In(scratch).Should().BeEquivalentTo(otherFolder, unknown);
        Directory.Exists(open).Should().BeTrue();
        (await workflow.PlanAbortAsync(Token)).Steps.Should().BeEmpty();
        await AbortAsync(other);
    }

    [Theory(Timeout = 90_000)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_next_start_and_the_next_run_remove_the_scratch_folder(bool isKilled)
    {
        await using var lab = await RepositoryLab.StartAsync();
        var scratch = ScratchOf(lab.Vm);
        await lab.RunAsync(r => r with { ScratchDirectory = scratch });
        In(scratch).Should().BeEmpty();
        await StartAsync(lab.Vm, r => r with { ScratchDirectory = scratch });
        await EndAsync(lab.Vm, isKilled);
        In(scratch).Should().ContainSingle();
        await lab.RunAsync(r => r with { ScratchDirectory = scratch });
        In(scratch).Should().BeEmpty();
        await lab.ShouldAllBeRightAsync();

        await StartAsync(lab.Vm, r => r with { ScratchDirectory = scratch });
        await EndAsync(lab.Vm, isKilled);
        var left = In(scratch).Should().ContainSingle().Subject;
        var session = await StartAsync(lab.Vm, r => r with { ScratchDirectory = scratch });
        Directory.Exists(left).Should().BeFalse();
        In(scratch).Should().ContainSingle().Which.Should().EndWith(session.Id[^6..]);
        await AbortAsync(lab.Vm);
        In(scratch).Should().BeEmpty();
    }

    [Fact(Timeout = 60_000)]
    public async Task Finish_removes_the_scratch_folder_of_a_backup_that_a_restart_interrupted()
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] }, Token);
        var scratch = ScratchOf(vm);
        await StartAsync(vm, r => r with { ScratchDirectory = scratch });
        await EndAsync(vm, isKilled: false);
        await using var workflow = await LookingInAsync(vm, scratch);
        await workflow.FinishAsync(cancellationToken: Token);
        In(scratch).Should().BeEmpty();
    }

    [Theory(Timeout = 60_000)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_watch_that_aborts_the_backup_while_QEMU_ends_removes_the_scratch_folder_after_the_restart(bool isKilled)
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] }, Token);
        await FullAsync(vm);
        var scratch = ScratchOf(vm);
        await StartAsync(vm, r => r with { ScratchDirectory = scratch });
        await using var proxy = QmpProxy.Start(vm.SecondQmpPath, vm.Directory.File("proxy"));
        var seen = proxy.On("block-export-del").HoldUntil(new TaskCompletionSource().Task);
        var restarted = new TaskCompletionSource();
        var isEnding = false;
        await using var workflow = await BackupWorkflow.ConnectAsync(
            async token =>
            {
                if (!Volatile.Read(ref isEnding))
                    return await QmpClient.ConnectAsync(QmpEndpoint.Parse(proxy.Endpoint), null, token);
                await restarted.Task.WaitAsync(token);
                return await QmpClient.ConnectAsync(QmpEndpoint.Parse(vm.QmpEndpoint), null, token);
            },
            null, Token);
        // No storage has that much free space: the watch aborts the backup at once.
        var watch = new BackupWatcher(workflow, new WatchOptions { Reserve = long.MaxValue }).WatchAsync(Token);
        await seen.Hit.WaitAsync(Token);
        Volatile.Write(ref isEnding, true);
        await EndAsync(vm, isKilled);
        In(scratch).Should().ContainSingle();
        restarted.SetResult();
        var wait = () => watch;
        (await wait.Should().ThrowAsync<BackupException>()).Which.Message.Should().Contain("given up");
        In(scratch).Should().BeEmpty();
    }

    private static string NbdPathOf(BackupSession session) => session.Nbd!.SocketPath!;
}
