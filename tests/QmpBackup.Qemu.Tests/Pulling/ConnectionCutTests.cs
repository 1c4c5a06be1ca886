using QmpBackup.Nbd;
using QmpBackup.Qemu.Tests.Repositories;
using QmpBackup.Qemu.Tests.Workflow;
using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Repositories.RepositoryLab;

namespace QmpBackup.Qemu.Tests.Pulling;

/// <summary>The NBD connection is cut or stalls while QEMU continues.</summary>
public sealed class ConnectionCutTests
{
    private static async Task<RepositoryLab> LabAsync()
    {
        var lab = await RepositoryLab.StartAsync(null, new TestDisk("a") { Size = 48 * Mib });
        await lab.Vm.WriteAsync("a", 0, 0x5a, 40 * Mib);
        return lab;
    }

    [Theory(Timeout = 90_000)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Pull_with_a_cut_connection_continues_where_it_was(bool incremental)
    {
        await using var lab = await LabAsync();
        if (incremental)
        {
            await lab.RunAsync();
            await lab.Vm.WriteAsync("a", 0, 0x5b, 40 * Mib);
        }

        var points = lab.Chain.Read().Points.Length;
        var session = await WorkflowOf.StartAsync(lab.Vm);
        await using (NbdProxy.CutAfter(session.Nbd!.SocketPath!, 20 * Mib))
        {
            var failed = await Qbackup.RunAsync(
                ["pull", "--qmp", lab.Vm.QmpEndpoint, "--repo", lab.Repository.Path, "-o", "json", "--nbd", $"{session.Nbd}"], null, Token);
            failed.ExitCode.Should().Be(5, failed.Stderr);
            failed.Stderr.Should().Contain("Reading disk a from the VM failed").And.Contain("'qbackup pull' continues where it stopped");
        }

        lab.Chain.Read().Points.Should().HaveCount(points);
        (await WorkflowOf.StatusAsync(lab.Vm)).Session.Should().NotBeNull();
        await lab.Vm.WriteAsync("a", 0, 0x5c, Mib);

        var again = await Qbackup.RunAsync(["pull", "--qmp", lab.Vm.QmpEndpoint, "--repo", lab.Repository.Path], null, Token);
        again.ExitCode.Should().Be(0, again.Stderr);
        again.Stderr.Should().Contain("were already there and were not read again");
        var point = lab.Chain.Read().Points[^1];
        point.Disks.Single().BytesRead.Should().Be(40 * Mib);
        await WorkflowOf.FinishAsync(lab.Vm);

        // The guest wrote after the point, which holds what was there before.
        var expected = lab.Vm.Snapshot("a");
        expected.AsSpan(0, Mib).Fill(incremental ? (byte)0x5b : (byte)0x5a);
        lab.Expected[(point.Id, "a")] = expected;
        await lab.RunAsync();
        await lab.ShouldAllBeRightAsync();
    }

    [Fact(Timeout = 90_000)]
    public async Task Pull_with_a_stalled_connection_times_out_and_continues_later()
    {
        await using var lab = await LabAsync();
        var session = await WorkflowOf.StartAsync(lab.Vm);
        await using (var proxy = NbdProxy.StallAfter(session.Nbd!.SocketPath!, 10 * Mib))
        {
            // The proxy listens at the address. The user names it, and so confirms it.
            lab.Options = new PullOptions
            {
                NbdServer = session.Nbd,
                Nbd = new NbdClientOptions { CommandTimeout = TimeSpan.FromSeconds(1) }
            };
            (await lab.Invoking(l => l.PullAsync()).Should().ThrowAsync<BackupException>()).Which.Code.Should()
                .Be(BackupErrorCode.BackupFailed);
            proxy.Happened.IsCompleted.Should().BeTrue();
        }

        lab.Options = new PullOptions();
        lab.Remember((await lab.PullAsync()).Point);
        await WorkflowOf.FinishAsync(lab.Vm);
        await lab.ShouldAllBeRightAsync();
    }

    [Fact(Timeout = 90_000)]
    public async Task Pull_from_a_silent_server_ends_after_nbd_timeout()
    {
        await using var lab = await LabAsync();
        var session = await WorkflowOf.StartAsync(lab.Vm);
        var socket = session.Nbd!.SocketPath!;
        File.Move(socket, socket + ".real");
        await using (var server = new SilentServer(socket))
        {
            string[] pull = ["pull", "--qmp", lab.Vm.QmpEndpoint, "--repo", lab.Repository.Path, "--nbd", $"{session.Nbd}"];
            var failed = await Qbackup.RunAsync([.. pull, "--nbd-timeout", "1"], null, Token);
            failed.ExitCode.Should().Be(5, failed.Stderr);
            failed.Stderr.Should().Contain("did not finish the handshake within 1 s");
            server.Connections.Should().BePositive();
        }

        File.Move(socket + ".real", socket);
        lab.Remember((await lab.PullAsync()).Point);
        await WorkflowOf.FinishAsync(lab.Vm);
        await lab.ShouldAllBeRightAsync();
    }

    [Fact(Timeout = 90_000)]
    public async Task Run_with_a_silent_server_is_rolled_back_after_nbd_timeout()
    {
        await using var lab = await LabAsync();
        var first = await lab.RunAsync();
        await lab.Vm.WriteAsync("a", 0, 0x5b, 30 * Mib);
        var before = await lab.Vm.StateAsync();
        var socket = lab.Vm.Directory.File("nbd");
        await using var qmp = QmpProxy.Start(lab.Vm);
        var release = new TaskCompletionSource();
        var exporting = qmp.On("block-export-add").HoldUntil(release.Task);
        string[] run = ["run", "--qmp", qmp.Endpoint, "--repo", lab.Repository.Path, "--scratch-dir", lab.Vm.Directory.Path];
        await using var command = Qbackup.Start([.. run, "--nbd", "unix:" + socket, "--nbd-timeout", "1"]);
        await exporting.Hit.WaitAsync(Token);
        File.Delete(socket);
        await using (new SilentServer(socket))
        {
            release.SetResult();
            var failed = await command.WaitAsync(Token);
            failed.ExitCode.Should().Be(5, failed.Stderr);
            failed.Stderr.Should().Contain("did not finish the handshake within 1 s");
        }

        await ShouldBeAsBeforeAsync(lab, before, first.Pulled.Point.Id);
    }

    [Fact(Timeout = 90_000)]
    public async Task Run_with_a_cut_connection_is_rolled_back()
    {
        await using var lab = await LabAsync();
        var first = await lab.RunAsync();
        await lab.Vm.WriteAsync("a", 0, 0x5b, 30 * Mib);
        var before = await lab.Vm.StateAsync();

        // Between the start of the server and the export, something can replace the socket.
        var socket = lab.Vm.Directory.File("nbd");
        await using var qmp = QmpProxy.Start(lab.Vm);
        var release = new TaskCompletionSource();
        var exporting = qmp.On("block-export-add").HoldUntil(release.Task);
        await using var command = Qbackup.Start(
            ["run", "--qmp", qmp.Endpoint, "--repo", lab.Repository.Path, "--scratch-dir", lab.Vm.Directory.Path, "--nbd",
                "unix:" + socket]);
        await exporting.Hit.WaitAsync(Token);
        await using (NbdProxy.CutAfter(socket, 10 * Mib))
        {
            release.SetResult();
            var failed = await command.WaitAsync(Token);
            failed.ExitCode.Should().Be(5, failed.Stderr);
            failed.Stderr.Should().Contain("Reading disk a from the VM failed");
        }

        await ShouldBeAsBeforeAsync(lab, before, first.Pulled.Point.Id);
    }

    [Theory(Timeout = 90_000)]
    [InlineData("nbd-server-stop")]
    [InlineData("block-export-del")]
    public async Task Run_is_rolled_back_if_another_client_removes_its_export(string how)
    {
        await using var lab = await LabAsync();
        var first = await lab.RunAsync();
        await lab.Vm.WriteAsync("a", 0, 0x5b, 30 * Mib);
        var before = await lab.Vm.StateAsync();
        await using var command = Qbackup.Start(
            ["run", "--qmp", lab.Vm.QmpEndpoint, "--repo", lab.Repository.Path, "--scratch-dir", lab.Vm.Directory.Path,
            "--throttle", "20M", "--progress", "json"]);
        await command.Stderr.WaitForAsync(line => line.Contains("\"done\":", StringComparison.Ordinal), 0, Token);
        if (how == "nbd-server-stop")
        {
            await lab.Vm.Monitor.ExecuteAsync(how);
        }
        else
        {
            var exports = await lab.Vm.Monitor.ExecuteAsync("query-block-exports", null, Token);
            await lab.Vm.Monitor.ExecuteAsync(how, $$"""{"id":"{{exports[0].GetProperty("id").GetString()}}","mode":"hard"}""", Token);
        }

        var failed = await command.WaitAsync(Token);
        failed.ExitCode.Should().Be(5, failed.Stderr);
        await ShouldBeAsBeforeAsync(lab, before, first.Pulled.Point.Id);
    }

    private static async Task ShouldBeAsBeforeAsync(RepositoryLab lab, QmpState before, CheckpointId parent)
    {
        (await lab.Vm.StateAsync()).Should().BeEquivalentTo(before);
        lab.Vm.ShouldHaveNoScratch();
        lab.Chain.Read().Should().Match<ChainContents>(c => c.Points.Length == 1 && c.Incomplete.IsEmpty);
        (await lab.RunAsync()).Pulled.Point.Parent.Should().Be(parent);
        await lab.ShouldAllBeRightAsync();
    }
}
