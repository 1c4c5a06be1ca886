using QmpBackup.Qemu.Tests.Repositories;
using QmpBackup.Qemu.Tests.Workflow;
using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Repositories.RepositoryLab;

namespace QmpBackup.Qemu.Tests.Pulling;

/// <summary>A run closes the backup that an earlier run left, and never the backup of another run.</summary>
public sealed class RecoveryTests
{
    private static async Task<RepositoryLab> LabAsync()
    {
        var lab = await RepositoryLab.StartAsync();
        await lab.Vm.WriteAsync("a", 0, 0x5a, 2 * Mib);
        return lab;
    }

    private static Task<RunResult> RunAsync(RepositoryLab lab, BackupWorkflow workflow, bool keepBitmap = false) =>
        new BackupRunner(lab.Repository).RunAsync(workflow, WorkflowOf.Request(lab.Vm), keepBitmap: keepBitmap, cancellationToken: Token);

    // The state that a run leaves if it is killed between the two.
    private static async Task<RepositoryPoint> PulledNotFinishedAsync(RepositoryLab lab)
    {
        await WorkflowOf.StartAsync(lab.Vm);
        var point = (await lab.PullAsync()).Point;
        lab.Remember(point);
        return point;
    }

    /// <summary>A run observes the VM before it locks the repository, and again after. The second state shows what is open.</summary>
    [Theory(Timeout = 90_000)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Backup_that_another_run_opened_meanwhile_is_left_alone(int picture)
    {
        await using var lab = await LabAsync();
        await PulledNotFinishedAsync(lab);
        await using var proxy = QmpProxy.Start(lab.Vm.SecondQmpPath, lab.Vm.Directory.File("proxy"));
        var release = new TaskCompletionSource();
        var seen = proxy.On("query-uuid", picture).HoldUntil(release.Task);
        await using var workflow = await WorkflowOf.ConnectAsync(proxy.Endpoint);
        var running = RunAsync(lab, workflow);
        await seen.Hit.WaitAsync(Token);
        await WorkflowOf.FinishAsync(lab.Vm);
        var another = await WorkflowOf.StartAsync(lab.Vm);
        var point = lab.Vm.Snapshot("a");
        await lab.Vm.WriteAsync("a", 0, 0x5b, Mib);
        release.SetResult();

        var wait = () => running;
        (await wait.Should().ThrowAsync<BackupException>()).Which.Code.Should().Be(BackupErrorCode.Busy);
        await workflow.DisposeAsync();
        (await WorkflowOf.StatusAsync(lab.Vm)).Session!.Id.Should().Be(another.Id);
        lab.Expected[((await lab.PullAsync()).Point.Id, "a")] = point;
        await WorkflowOf.FinishAsync(lab.Vm);
        await lab.ShouldAllBeRightAsync();
    }

    [Theory(Timeout = 90_000)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Run_goes_on_if_another_one_finishes_the_earlier_backup_meanwhile(int picture)
    {
        await using var lab = await LabAsync();
        var first = await PulledNotFinishedAsync(lab);
        await using var proxy = QmpProxy.Start(lab.Vm.SecondQmpPath, lab.Vm.Directory.File("proxy"));
        var release = new TaskCompletionSource();
        var seen = proxy.On("query-uuid", picture).HoldUntil(release.Task);
        await using var workflow = await WorkflowOf.ConnectAsync(proxy.Endpoint);
        var running = RunAsync(lab, workflow);
        await seen.Hit.WaitAsync(Token);
        await WorkflowOf.FinishAsync(lab.Vm);
        await lab.Vm.WriteAsync("a", 0, 0x5b, Mib);
        release.SetResult();
        var result = await running;
        result.Remarks.Should().BeEmpty();
        result.Pulled.Point.Parent.Should().Be(first.Id);
        lab.Remember(result.Pulled.Point);
        await lab.ShouldAllBeRightAsync();
    }

    [Fact(Timeout = 120_000)]
    public async Task Point_whose_bitmaps_were_lost_with_QEMU_is_rolled_back_and_a_full_is_taken()
    {
        await using var lab = await LabAsync();
        await lab.RunAsync();
        await lab.Vm.WriteAsync("a", Mib, 0x5b, 2 * Mib);
        var point = await PulledNotFinishedAsync(lab);
        await lab.Vm.QuitAsync();
        await lab.Vm.RestartAsync(Token);
        await lab.Vm.KillAsync();
        await lab.Vm.RestartAsync(Token);
        await lab.Vm.WriteAsync("a", 3 * Mib, 0x5c, Mib);
        (await lab.Vm.StateAsync()).Bitmaps.Should().Contain(b => b.Contains("open") && b.Contains("inconsistent"));
        var result = await lab.RunAsync();
        result.Remarks.Should().ContainSingle().Which.Should().Contain(point.Id.Value).And.Contain("no longer held")
            .And.Contain("rolled back");
        result.Pulled.Point.Disks.Single().Level.Should().Be(BackupLevel.Full);
        await lab.Vm.WriteAsync("a", 0, 0x5d, Mib);
        (await lab.RunAsync()).Pulled.Point.Parent.Should().Be(result.Pulled.Point.Id);
        await lab.ShouldAllBeRightAsync();
        lab.Vm.ShouldHaveNoScratch();
    }

    [Fact(Timeout = 120_000)]
    public async Task Point_interrupted_by_a_restart_is_finished_and_its_scratch_folder_is_removed()
    {
        await using var lab = await LabAsync();
        await lab.RunAsync();
        var point = await PulledNotFinishedAsync(lab);
        await lab.Vm.QuitAsync();
        Directory.EnumerateDirectories(lab.Vm.Directory.Path, "qbackup-*").Should().ContainSingle();
        await lab.Vm.RestartAsync(Token);
        var result = await lab.RunAsync();
        result.Remarks.Should().ContainSingle().Which.Should().Contain(point.Id.Value).And.Contain("it is finished");
        result.Pulled.Point.Parent.Should().Be(point.Id);
        lab.Vm.ShouldHaveNoScratch();
        await lab.ShouldAllBeRightAsync();
    }

    [Theory(Timeout = 120_000)]
    [InlineData("the ancestor's image", false)]
    [InlineData("the ancestor", false)]
    [InlineData("a note of damage", false)]
    [InlineData("its own description", false)]
    [InlineData("the ancestor", true)]
    public async Task Point_that_is_no_longer_sound_is_rolled_back(string what, bool restarted)
    {
        await using var lab = await LabAsync();
        var first = (await lab.RunAsync()).Pulled.Point;
        await lab.Vm.WriteAsync("a", Mib, 0x5b, 2 * Mib);
        var point = await PulledNotFinishedAsync(lab);
        await lab.Vm.WriteAsync("a", 2 * Mib, 0x5c, 2 * Mib);
        var own = lab.Chain.PathOf(point.Id);
        switch (what)
        {
            case "the ancestor's image":
                File.Delete(lab.ImageOf(first, "a"));
                break;
            case "the ancestor":
                foreach (var file in Directory.EnumerateFiles(lab.Chain.Folder, first.Id + ".*", SearchOption.AllDirectories).ToList())
                    File.Delete(file);
                break;
            case "a note of damage":
                await File.WriteAllTextAsync(lab.FilesOf(first, "a").Damage, "block 3", Token);
                break;
            default:
                await File.WriteAllTextAsync(
                    own, (await File.ReadAllTextAsync(own, Token)).Replace("testvm", "tastvm", StringComparison.Ordinal), Token);
                break;
        }

        if (restarted)
        {
            await lab.Vm.QuitAsync();
            await lab.Vm.RestartAsync(Token);
        }

        var result = await lab.RunAsync();
        result.Remarks.Should().ContainSingle().Which.Should().Contain(point.Id.Value).And.Contain("not sound").And.Contain("rolled back");
        var isOnFirst = what == "its own description";
        result.Pulled.Point.Disks.Single().Parent.Should().Be(isOnFirst ? first.Id : null);
        (await lab.Vm.StateAsync()).Jobs.Should().BeEmpty();
        (await lab.RestoreAsync(result.Pulled.Point.Id.Value, "a")).AsSpan().SequenceEqual(lab.Expected[(result.Pulled.Point.Id, "a")])
            .Should().BeTrue();
    }

    [Theory(Timeout = 90_000)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Later_finish_keeps_bitmaps_as_the_current_run_requests(bool keep)
    {
        await using var lab = await LabAsync();
        var first = (await lab.RunAsync()).Pulled.Point;
        await lab.Vm.WriteAsync("a", Mib, 0x5b, 2 * Mib);
        var second = await PulledNotFinishedAsync(lab);
        await lab.Vm.WriteAsync("a", 2 * Mib, 0x5c, 2 * Mib);
        await using (var workflow = await WorkflowOf.ConnectAsync(lab.Vm))
        {
            var result = await RunAsync(lab, workflow, keep);
            result.Remarks.Should().ContainSingle().Which.Should().Contain("finished");
            lab.Remember(result.Pulled.Point);
        }

        var checkpoints = (await WorkflowOf.StatusAsync(lab.Vm)).Chains.Single().Checkpoints.Select(c => c.Id).ToList();
        checkpoints.Should().HaveCount(keep ? 3 : 1);
        if (keep)
            checkpoints.Should().Contain([first.Id, second.Id]);
        await lab.ShouldAllBeRightAsync();
    }

    [Fact(Timeout = 90_000)]
    public async Task Next_run_finishes_a_run_that_was_killed_at_the_start_of_its_finish()
    {
        await using var lab = await LabAsync();
        await using var proxy = QmpProxy.Start(lab.Vm);
        var finishing = proxy.On("qom-set", 2).HoldUntil(new TaskCompletionSource().Task);
        await using (var command = Qbackup.Start(
            ["run", "--qmp", proxy.Endpoint, "--repo", lab.Repository.Path, "--scratch-dir", lab.Vm.Directory.Path]))
        {
            (await command.SendAtAsync(Signal.Kill, finishing.Hit)).Should().BeTrue(command.Describe());
            await command.WaitAsync(Token);
        }

        await proxy.DisposeAsync();
        var killed = lab.Chain.Read().Points.Single();
        lab.Remember(killed);
        await lab.Vm.WriteAsync("a", 0, 0x5b, Mib);
        var result = await lab.RunAsync();
        result.Remarks.Should().ContainSingle().Which.Should().Contain("finished");
        result.Pulled.Point.Parent.Should().Be(killed.Id);
        await lab.ShouldAllBeRightAsync();
    }
}
