using System.Diagnostics;
using QmpBackup.Model;
using QmpBackup.Qemu.Tests.Repositories;
using QmpBackup.Qmp;
using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Workflow.WorkflowOf;

namespace QmpBackup.Qemu.Tests.Workflow;

/// <summary>The QMP socket serves one client at a time: work that lasts lets others use it, and is as safe as before.</summary>
public sealed class MonitorTests
{
    private const int Mib = 1 << 20;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static async Task<RepositoryLab> LabAsync(string? version, int size = 48)
    {
        Assert.SkipUnless(version is null || QemuBinaries.TryGet(version) is not null, QemuBinaries.Missing(version ?? ""));
        var lab = await RepositoryLab.StartAsync(new QemuVmOptions
        {
            Binaries = version is null ? null : QemuBinaries.TryGet(version),
            Disks = [new TestDisk("a") { Size = size * Mib }],
        });
        await lab.Vm.WriteAsync("a", 0, 0x5a, 40 * Mib);
        return lab;
    }

    // What a management program does: connects, asks and leaves. How long it took.
    private static async Task<TimeSpan> AskAsync(QemuVm vm)
    {
        var since = Stopwatch.GetTimestamp();
        await using var second = await QmpMonitor.ConnectAsync(vm.QmpPath, Token);
        (await second.ExecuteAsync("query-status", null, Token)).GetProperty("status").GetString().Should().Be("running");
        return Stopwatch.GetElapsedTime(since);
    }

    private static async Task<List<TimeSpan>> AskUntilAsync(QemuVm vm, Func<bool> isOver)
    {
        var waits = new List<TimeSpan>();
        while (!isOver())
        {
            waits.Add(await AskAsync(vm));
            await Task.Delay(50, Token);
        }

        return waits;
    }

    // On this QEMU, what of ours is there besides the given monitors.
    private static async Task<List<string>> OwnMonitorsAsync(QemuVm vm) =>
    [
        .. (await vm.Monitor.ExecuteAsync("query-chardev", null, Token)).EnumerateArray().Select(d => d.GetProperty("label").GetString()!)
            .Concat((await vm.Monitor.ExecuteAsync("qom-list", """{"path":"/objects"}""", Token)).EnumerateArray()
                .Select(o => o.GetProperty("name").GetString()!))
            .Where(SessionNames.IsMonitor).Distinct(),
    ];

    [Theory(Timeout = 120_000)]
    [InlineData(null, "run")]
    [InlineData("11.1", "run")]
    [InlineData(null, "pull")]
    [InlineData("11.1", "pull")]
    public async Task A_second_client_gets_through_within_two_seconds_while_a_backup_is_read(string? version, string command)
    {
        await using var lab = await LabAsync(version);
        // An unpacked QEMU is run by its dynamic linker, which is not called QEMU.
        string[] more = command == "run" ? ["--scratch-dir", lab.Vm.Directory.Path] : ["--nbd", $"{(await StartAsync(lab.Vm)).Nbd}"];
        await using (var reading = Qbackup.Start([command, "--qmp", lab.Vm.QmpEndpoint, "--repo", lab.Repository.Path,
            "--throttle", "10M", "--progress", "json", .. more]))
        {
            await reading.Stderr.WaitForAsync(line => line.Contains("\"done\":", StringComparison.Ordinal), 0, Token);
            var waits = await AskUntilAsync(lab.Vm, () => reading.HasExited);
            waits.Should().HaveCountGreaterThan(4).And.OnlyContain(w => w < TimeSpan.FromSeconds(2));
            (await reading.WaitAsync(Token)).ExitCode.Should().Be(0);
        }

        (await OwnMonitorsAsync(lab.Vm)).Should().BeEmpty();
        if (command == "pull")
            await FinishAsync(lab.Vm);
        lab.Remember(lab.Chain.Read().Points.Single());
        await lab.ShouldAllBeRightAsync();
        lab.Vm.ShouldHaveNoScratch();
    }

    [Theory(Timeout = 120_000)]
    [InlineData(null)]
    [InlineData("11.1")]
    public async Task A_second_client_gets_through_during_a_watch_and_closes_the_backup_over_the_same_socket(string? version)
    {
        await using var lab = await LabAsync(version);
        await StartAsync(lab.Vm);
        await using var watch = Qbackup.Start(["watch", "--qmp", lab.Vm.QmpEndpoint, "-v"]);
        await watch.Stderr.WaitForAsync(line => line.Contains("Watching backup", StringComparison.Ordinal), 0, Token);
        var rounds = 0;
        (await AskUntilAsync(lab.Vm, () => rounds++ == 20)).Should().OnlyContain(w => w < TimeSpan.FromSeconds(2));
        (await OwnMonitorsAsync(lab.Vm)).Should().HaveCount(version is null ? 0 : 1);
        watch.HasExited.Should().BeFalse();
        await FinishAsync(lab.Vm);
        var ended = await watch.WaitAsync(Token);
        ended.ExitCode.Should().Be(0, ended.Stderr);
        ended.Stdout.Should().Contain("The backup was closed");
        (await OwnMonitorsAsync(lab.Vm)).Should().BeEmpty();
        lab.Vm.ShouldHaveNoScratch();
    }

    [Fact(Timeout = 120_000)]
    public async Task Hold_monitor_keeps_the_socket()
    {
        await using var lab = await LabAsync(null);
        await using var run = Qbackup.Start(["run", "--qmp", lab.Vm.QmpEndpoint, "--repo", lab.Repository.Path, "--hold-monitor",
            "--scratch-dir", lab.Vm.Directory.Path, "--throttle", "10M", "--progress", "json"]);
        await run.Stderr.WaitForAsync(line => line.Contains("\"done\":", StringComparison.Ordinal), 0, Token);
        var asking = AskAsync(lab.Vm);
        (await run.WaitAsync(Token)).ExitCode.Should().Be(0);
        (await asking).Should().BeGreaterThan(TimeSpan.FromSeconds(2), "it waited for the end of the run");
    }

    [Theory(Timeout = 120_000)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Nothing_of_a_monitor_of_its_own_outlives_a_killed_pull_or_the_backup(bool isKilledBeforeItConnects)
    {
        await using var lab = await LabAsync("11.1");
        var session = await StartAsync(lab.Vm);
        if (isKilledBeforeItConnects)
        {
            var names = new SessionNames(session.Checkpoint!.Value);
            var path = Path.Combine(Path.GetDirectoryName(session.Nbd!.SocketPath!)!, names.MonitorSocket("0123abcd"));
            await lab.Vm.Monitor.ExecuteAsync("chardev-add", $$$$"""
                {"id":"{{{{names.Monitor("0123abcd")}}}}","backend":{"type":"socket","data":
                {"addr":{"type":"unix","data":{"path":"{{{{path}}}}"}},"server":true,"wait":false}}}
                """, Token);
            (await OwnMonitorsAsync(lab.Vm)).Should().HaveCount(1);
        }
        else
        {
            await using var pull = Qbackup.Start(["pull", "--qmp", lab.Vm.QmpEndpoint, "--repo", lab.Repository.Path, "--throttle", "10M",
                "--progress", "json", "--nbd", $"{session.Nbd}"]);
            await pull.Stderr.WaitForAsync(line => line.Contains("\"done\":", StringComparison.Ordinal), 0, Token);
            while (await OwnMonitorsAsync(lab.Vm) is not [_])
                await Task.Delay(20, Token);
            Directory.EnumerateFiles(Path.GetDirectoryName(session.Nbd!.SocketPath!)!, "*.monitor").Should()
                .BeEmpty("nobody else can connect to it");
            pull.Send(Signal.Kill);
            await pull.WaitAsync(Token);
            while (await OwnMonitorsAsync(lab.Vm) is not [])
                await Task.Delay(20, Token);
        }

        await FinishAsync(lab.Vm);
        (await OwnMonitorsAsync(lab.Vm)).Should().BeEmpty();
        lab.Vm.ShouldHaveNoScratch();
    }

    [Fact(Timeout = 120_000)]
    public async Task A_run_whose_own_monitor_is_removed_goes_on_over_the_given_socket()
    {
        await using var lab = await LabAsync("11.1");
        await using (var run = Qbackup.Start(["run", "--qmp", lab.Vm.QmpEndpoint, "--repo", lab.Repository.Path,
            "--scratch-dir", lab.Vm.Directory.Path, "--throttle", "10M", "-v"]))
        {
            await run.Stderr.WaitForAsync(line => line.Contains("QEMU has made a monitor", StringComparison.Ordinal), 0, Token);
            var own = await OwnMonitorsAsync(lab.Vm);
            own.Should().ContainSingle();
            await lab.Vm.Monitor.ExecuteAsync("object-del", $$"""{"id":"{{own[0]}}"}""", Token);
            await lab.Vm.Monitor.ExecuteAsync("chardev-remove", $$"""{"id":"{{own[0]}}"}""", Token);
            var result = await run.WaitAsync(Token);
            result.ExitCode.Should().Be(0, result.Stderr);
        }

        lab.Remember(lab.Chain.Read().Points.Single());
        await lab.ShouldAllBeRightAsync();
        lab.Vm.ShouldHaveNoScratch();
    }

    [Fact(Timeout = 120_000)]
    public async Task A_client_that_keeps_the_socket_for_long_delays_the_end_of_a_run_and_harms_nothing()
    {
        await using var lab = await LabAsync(null);
        await using (var run = Qbackup.Start(["run", "--qmp", lab.Vm.QmpEndpoint, "--repo", lab.Repository.Path, "-v",
            "--scratch-dir", lab.Vm.Directory.Path, "--throttle", "20M", "--progress", "json"]))
        {
            await run.Stderr.WaitForAsync(line => line.Contains("\"done\":", StringComparison.Ordinal), 0, Token);
            await using (await QmpMonitor.ConnectAsync(lab.Vm.QmpPath, Token))
                await run.Stderr.WaitForAsync(line => line.Contains("Another client has the QMP socket", StringComparison.Ordinal), 0, Token);

            var result = await run.WaitAsync(Token);
            result.ExitCode.Should().Be(0, result.Stderr);
        }

        lab.Remember(lab.Chain.Read().Points.Single());
        await lab.ShouldAllBeRightAsync();
    }

    [Fact(Timeout = 120_000)]
    public async Task Without_a_connection_the_room_is_looked_at_and_the_backup_is_given_up_in_time()
    {
        await using var lab = await LabAsync(null);
        var scratch = await lab.Vm.Directory.MountTmpfsAsync("scratch", 300 * Mib);
        await StartAsync(lab.Vm, r => r with { ScratchDirectory = scratch, Fleecing = Fleecing.Overlay });
        await using var workflow = await ConnectAsync(lab.Vm);
        var watch = new BackupWatcher(workflow, new WatchOptions { Interval = TimeSpan.FromHours(1), Reserve = 16 * Mib }).WatchAsync(Token);
        await AskAsync(lab.Vm);

        // From plenty to next to nothing at once.
        (await CommandRunner.RunAsync("mount", ["-o", $"remount,size={12 * Mib}", scratch], cancellationToken: Token)).ExitCode.Should().Be(0);
        var wait = () => watch;
        (await wait.Should().ThrowAsync<BackupException>()).Which.Message.Should().Contain("running full");
        (await lab.Vm.StateAsync()).Should().Match<QmpState>(s => s.Status == "running" && s.Jobs.Count == 0);
        Directory.EnumerateFileSystemEntries(scratch).Should().BeEmpty();
    }

    [Fact(Timeout = 60_000)]
    public async Task Another_VM_that_answers_at_the_socket_is_left_alone()
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] });
        await using var other = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] });
        var before = await other.StateAsync();
        var endpoint = vm.QmpEndpoint;
        await using var workflow = await BackupWorkflow.ConnectAsync(
            async token => await QmpClient.ConnectAsync(QmpEndpoint.Parse(endpoint), null, token), null, Token);
        using (workflow.Monitor.LetGo())
        {
            await (await workflow.Monitor.HoldAsync(Token)).DisposeAsync();
            endpoint = other.QmpEndpoint;
            var asking = () => workflow.AbortAsync(Token);
            (await asking.Should().ThrowAsync<BackupException>()).Which.Message.Should().Contain("another process answers");
            endpoint = vm.QmpEndpoint;
            (await workflow.GetStatusAsync(Token)).Session.Should().BeNull();
        }

        (await other.StateAsync()).Should().BeEquivalentTo(before);
    }
}
