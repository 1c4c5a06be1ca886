using QmpBackup.Qemu.Tests.Repositories;
using QmpBackup.Qemu.Tests.Workflow;
using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Repositories.RepositoryLab;

namespace QmpBackup.Qemu.Tests.Pulling;

/// <summary>An interrupted backup never makes a wrong point, and the next backup is complete.</summary>
public sealed class FaultTests
{
    /// <summary>Stops a pull when a share of it is done.</summary>
    private sealed class StopAfter(long bytes, CancellationTokenSource stop) : IProgress<PullProgress>
    {
        public void Report(PullProgress value)
        {
            if (value.Done >= bytes)
                stop.Cancel();
        }
    }

    private static async Task<RepositoryLab> LabAsync(string? folder = null)
    {
        var lab = await RepositoryLab.StartAsync(folder, new TestDisk("a") { Size = 48 * Mib });
        await lab.Vm.WriteAsync("a", 0, 0x5a, 40 * Mib);
        return lab;
    }

    [Fact(Timeout = 90_000)]
    public async Task Interrupted_pull_continues_where_it_was()
    {
        await using var lab = await LabAsync();
        await WorkflowOf.StartAsync(lab.Vm);
        using (var stop = CancellationTokenSource.CreateLinkedTokenSource(Token))
        {
            lab.Options = new PullOptions { BytesPerSecond = 20 * Mib, Progress = new StopAfter(10 * Mib, stop) };
            var pull = () => lab.PullAsync(stop.Token);
            await pull.Should().ThrowAsync<OperationCanceledException>();
        }

        lab.Chain.Read().Points.Should().BeEmpty();
        lab.Chain.Read().Incomplete.Should().HaveCount(1);
        lab.Options = new PullOptions();
        var pulled = await lab.PullAsync();
        pulled.BytesReused.Should().BeInRange(8 * Mib, 39 * Mib);
        pulled.Point.Disks.Single().BytesRead.Should().Be(40 * Mib);
        lab.Remember(pulled.Point);
        await WorkflowOf.FinishAsync(lab.Vm);
        await lab.ShouldAllBeRightAsync();
        (await lab.RunAsync()).Pulled.Point.Parent.Should().Be(pulled.Point.Id);
    }

    [Fact(Timeout = 90_000)]
    public async Task Stopped_run_is_rolled_back_and_leaves_nothing()
    {
        await using var lab = await LabAsync();
        var before = await lab.Vm.StateAsync();
        using (var stop = CancellationTokenSource.CreateLinkedTokenSource(Token))
        {
            lab.Options = new PullOptions { BytesPerSecond = 20 * Mib, Progress = new StopAfter(5 * Mib, stop) };
            var run = () => lab.RunAsync(token: stop.Token);
            await run.Should().ThrowAsync<OperationCanceledException>();
        }

        (await lab.Vm.StateAsync()).Should().BeEquivalentTo(before);
        lab.Chain.Read().Should().Match<ChainContents>(c => c.Points.IsEmpty && c.Incomplete.IsEmpty);
        lab.Vm.ShouldHaveNoScratch();
        lab.Options = new PullOptions();
        await lab.RunAsync();
        await lab.ShouldAllBeRightAsync();
    }

    [Fact(Timeout = 90_000)]
    public async Task Without_space_in_the_repository_the_run_fails_and_the_next_one_is_complete()
    {
        Assert.SkipUnless(TestDirectory.CanMount, "mounting a small tmpfs needs root");
        await using var mounts = TestDirectory.Create();
        await using var lab = await LabAsync(await mounts.MountTmpfsAsync("repo", 20 * Mib));
        var run = () => lab.RunAsync();
        var failure = (await run.Should().ThrowAsync<BackupException>()).Which;
        failure.Code.Should().Be(BackupErrorCode.Storage);
        failure.Message.Should().Contain("No space left on device");
        (await WorkflowOf.StatusAsync(lab.Vm)).Session.Should().BeNull();
        lab.Chain.Read().Should().Match<ChainContents>(c => c.Points.IsEmpty && c.Incomplete.IsEmpty);

        await CommandRunner.RunCheckedAsync("mount", "-o", $"remount,size={200 * Mib}", lab.Repository.Path);
        await lab.RunAsync();
        await lab.ShouldAllBeRightAsync();
    }

    [Fact(Timeout = 90_000)]
    public async Task Next_run_recovers_from_a_qbackup_that_was_killed_during_a_pull()
    {
        await using var lab = await LabAsync();
        var first = await lab.RunAsync();
        await lab.Vm.WriteAsync("a", 0, 0x66, 40 * Mib);
        var temporary = Directory.CreateDirectory(lab.Vm.Directory.File("t")).FullName;
        await using (var command = Qbackup.Start(
            ["run", "--qmp", lab.Vm.QmpEndpoint, "--repo", lab.Repository.Path, "--scratch-dir", lab.Vm.Directory.Path,
            "--throttle", "8M", "--progress", "json"],
                new CommandOptions { Environment = new Dictionary<string, string?> { ["TMPDIR"] = temporary } }))
        {
            await command.Stderr.WaitForAsync(line => line.Contains("\"done\":", StringComparison.Ordinal), 0, Token);
            command.Send(Signal.Kill);
            await command.WaitAsync(Token);
        }

        Directory.EnumerateFileSystemEntries(temporary, "qbackup*").Should().BeEmpty();

        (await WorkflowOf.StatusAsync(lab.Vm)).Session.Should().NotBeNull();
        lab.Chain.Read().Points.Should().HaveCount(1);
        await lab.Vm.WriteAsync("a", Mib, 0x67, 4096);
        var result = await lab.RunAsync();
        result.Remarks.Should().ContainSingle().Which.Should().Contain("rolled back");
        result.Pulled.Point.Parent.Should().Be(first.Pulled.Point.Id);
        await lab.ShouldAllBeRightAsync();
    }

    [Fact(Timeout = 90_000)]
    public async Task Next_run_finishes_a_complete_point()
    {
        await using var lab = await LabAsync();
        await WorkflowOf.StartAsync(lab.Vm);
        var pulled = await lab.PullAsync();
        lab.Remember(pulled.Point);
        (await lab.PullAsync()).BytesReused.Should().Be(48 * Mib);
        await lab.Vm.WriteAsync("a", Mib, 0x67, 4096);
        var result = await lab.RunAsync();
        result.Remarks.Should().ContainSingle().Which.Should().Contain("finished");
        result.Pulled.Point.Parent.Should().Be(pulled.Point.Id);
        await lab.ShouldAllBeRightAsync();
    }

    [Fact(Timeout = 90_000)]
    public async Task Backup_that_is_not_in_the_repository_is_left_alone()
    {
        await using var lab = await LabAsync();
        var session = await WorkflowOf.StartAsync(lab.Vm);
        var run = () => lab.RunAsync();
        (await run.Should().ThrowAsync<BackupException>()).Which.Code.Should().Be(BackupErrorCode.Busy);
        (await WorkflowOf.StatusAsync(lab.Vm)).Session!.Id.Should().Be(session.Id);
    }

    [Fact(Timeout = 90_000)]
    public async Task Pull_fails_if_the_export_is_removed()
    {
        await using var lab = await LabAsync();
        await WorkflowOf.StartAsync(lab.Vm);
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(Token);
        lab.Options = new PullOptions { BytesPerSecond = 20 * Mib, Progress = new StopAfter(5 * Mib, cut) };
        var pulling = lab.PullAsync();
        var gone = new TaskCompletionSource();
        await using (cut.Token.Register(gone.SetResult))
            await gone.Task;
        await lab.Vm.KillAsync();
        (await pulling.Invoking(p => p).Should().ThrowAsync<BackupException>()).Which.Code.Should().Be(BackupErrorCode.BackupFailed);
        lab.Chain.Read().Points.Should().BeEmpty();

        // Writes that the guest did not flush are lost with QEMU.
        await lab.Vm.RestartAsync(Token);
        await lab.Vm.WriteAsync("a", 0, 0x5b, 40 * Mib);
        lab.Options = new PullOptions();
        await lab.RunAsync();
        await lab.ShouldAllBeRightAsync();
    }

    [Fact(Timeout = 90_000)]
    public async Task Two_writers_exclude_each_other()
    {
        await using var lab = await LabAsync();
        using (lab.Chain.Lock())
        {
            var run = () => lab.RunAsync();
            (await run.Should().ThrowAsync<BackupException>()).Which.Code.Should().Be(BackupErrorCode.Busy);
        }

        await lab.RunAsync();
    }
}
