using QmpBackup.Qemu.Tests.Repositories;
using QmpBackup.Qemu.Tests.Workflow;
using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Repositories.RepositoryLab;

namespace QmpBackup.Qemu.Tests.Pulling;

/// <summary>The QMP connection of a run is cut while QEMU continues: no backup stays open.</summary>
public sealed class QmpCutTests
{
    private static async Task<RepositoryLab> LabAsync()
    {
        var lab = await RepositoryLab.StartAsync(null, new TestDisk("a") { Size = 48 * Mib });
        await lab.Vm.WriteAsync("a", 0, 0x5a, 40 * Mib);
        await lab.RunAsync();
        return lab;
    }

    [Fact(Timeout = 90_000)]
    public async Task Run_that_holds_QMP_and_loses_it_during_the_pull_is_rolled_back_over_a_new_connection()
    {
        await using var lab = await LabAsync();
        var first = lab.Chain.Read().Points.Single();
        await lab.Vm.WriteAsync("a", 0, 0x5b, 40 * Mib);
        var before = await lab.Vm.StateAsync();
        await using var proxy = QmpProxy.Start(lab.Vm);
        await using (var command = Qbackup.Start(["run", "--qmp", proxy.Endpoint, "--repo", lab.Repository.Path, "--scratch-dir",
            lab.Vm.Directory.Path, "--throttle", "8M", "--progress", "json", "--hold-monitor"]))
        {
            await command.Stderr.WaitForAsync(line => line.Contains("\"done\":", StringComparison.Ordinal), 0, Token);
            proxy.CutAll();
            var failed = await command.WaitAsync(Token);
            failed.ExitCode.Should().Be(5, failed.Stderr);
            failed.Stderr.Should().Contain("can no longer be watched").And.NotContain("could not be rolled back");
        }

        proxy.Connections.Should().Be(2);
        await proxy.DisposeAsync();
        (await lab.Vm.StateAsync()).Should().BeEquivalentTo(before);
        lab.Vm.ShouldHaveNoScratch();
        lab.Chain.Read().Should().Match<ChainContents>(c => c.Points.Length == 1 && c.Incomplete.IsEmpty);
        (await lab.RunAsync()).Pulled.Point.Parent.Should().Be(first.Id);
        await lab.ShouldAllBeRightAsync();
    }

    [Fact(Timeout = 90_000)]
    public async Task Run_that_lets_go_of_QMP_goes_on_if_its_connections_are_cut_during_the_pull()
    {
        await using var lab = await LabAsync();
        await lab.Vm.WriteAsync("a", 0, 0x5b, 40 * Mib);
        await using var proxy = QmpProxy.Start(lab.Vm);
        await using (var command = Qbackup.Start(["run", "--qmp", proxy.Endpoint, "--repo", lab.Repository.Path, "--scratch-dir",
            lab.Vm.Directory.Path, "--throttle", "8M", "--progress", "json"]))
        {
            await command.Stderr.WaitForAsync(line => line.Contains("\"done\":", StringComparison.Ordinal), 0, Token);
            for (var i = 0; i < 3; i++)
            {
                // Inside a look of the watch.
                await proxy.On("query-jobs").CutWithoutReply().Hit.WaitAsync(Token);
            }

            var result = await command.WaitAsync(Token);
            result.ExitCode.Should().Be(0, result.Stderr);
        }

        await proxy.DisposeAsync();
        lab.Remember(lab.Chain.Read().Points[^1]);
        await lab.ShouldAllBeRightAsync();
        lab.Vm.ShouldHaveNoScratch();
    }

    [Theory(Timeout = 240_000)]
    [InlineData(true, true)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public async Task Run_that_loses_QMP_during_the_finish_is_finished_over_a_new_connection(bool commandReachesQemu, bool holds)
    {
        await using var lab = await LabAsync();
        foreach (var (name, occurrence) in ((string, int)[])[("qom-set", 2), ("block-export-del", 1), ("nbd-server-stop", 1),
            ("job-cancel", 1), ("blockdev-del", 1), ("transaction", 2), ("object-del", 1)])
        {
            await lab.Vm.WriteAsync("a", 0, (byte)name.Length, 4 * Mib);
            var last = lab.Chain.Read().Points[^1];
            await using var proxy = QmpProxy.Start(lab.Vm);
            var rule = proxy.On(name, occurrence);
            _ = commandReachesQemu ? rule.CutWithoutReply() : rule.CutBefore();
            await using (var workflow = await WorkflowOf.ConnectAsync(proxy.Endpoint, holds))
            {
                var pulled = (
                    await new BackupRunner(lab.Repository).RunAsync(workflow, WorkflowOf.Request(lab.Vm), cancellationToken: Token)).Pulled;
                pulled.Point.Parent.Should().Be(last.Id);
                lab.Remember(pulled.Point);
            }

            rule.Hit.IsCompleted.Should().BeTrue(name);
            if (holds)
                proxy.Connections.Should().Be(2, name);
            var state = await lab.Vm.StateAsync();
            state.Should().Match<QmpState>(s => s.Jobs.Count == 0 && s.Exports.Count == 0 && !s.NbdServerRuns, name);
            state.Bitmaps.Should().ContainSingle(name).Which.Should().NotContain("open");
            lab.Vm.ShouldHaveNoScratch();
        }

        await lab.ShouldAllBeRightAsync();
    }

    [Fact(Timeout = 90_000)]
    public async Task Without_a_new_connection_the_run_reports_that_it_is_not_rolled_back_and_the_next_run_does_it()
    {
        await using var lab = await LabAsync();
        await lab.Vm.WriteAsync("a", 0, 0x5b, 8 * Mib);
        var proxy = QmpProxy.Start(lab.Vm);
        var finishing = proxy.On("block-export-del").HoldUntil(new TaskCompletionSource().Task);
        await using var workflow = await WorkflowOf.ConnectAsync(proxy.Endpoint);
        var running = new BackupRunner(lab.Repository).RunAsync(workflow, WorkflowOf.Request(lab.Vm), cancellationToken: Token);
        await finishing.Hit.WaitAsync(Token);
        await proxy.DisposeAsync();
        var wait = () => running;
        var failure = (await wait.Should().ThrowAsync<BackupException>()).Which;
        failure.Code.Should().Be(BackupErrorCode.BackupFailed);
        failure.Message.Should().Contain("could not be rolled back");
        var point = lab.Chain.Read().Points[^1];
        lab.Remember(point);
        (await lab.RunAsync()).Pulled.Point.Parent.Should().Be(point.Id);
        await lab.ShouldAllBeRightAsync();
    }
}
