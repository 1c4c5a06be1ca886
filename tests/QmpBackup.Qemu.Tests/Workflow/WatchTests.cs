using QmpBackup.Model;
using QmpBackup.Qemu.Tests.Repositories;
using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Workflow.WorkflowOf;

namespace QmpBackup.Qemu.Tests.Workflow;

/// <summary>A full scratch ends the backup and never affects the guest.</summary>
public sealed class WatchTests
{
    private const int Mib = 1 << 20;

    private static async Task<QemuVm> VmAsync(string? version)
    {
        Assert.SkipUnless(version is null || QemuBinaries.TryGet(version) is not null, QemuBinaries.Missing(version ?? ""));
        var vm = await QemuVm.StartAsync(new QemuVmOptions
        {
            Binaries = version is null ? null : QemuBinaries.TryGet(version),
            Disks = [new TestDisk("a") { Size = 128 * Mib, Format = DiskFormat.Raw }],
        });
        for (var at = 0; at < 112; at += 16)
            await vm.WriteAsync("a", at * Mib, 0x11, 16 * Mib);
        return vm;
    }

    [Theory(Timeout = 180_000)]
    [InlineData(null)]
    [InlineData("10.0")]
    [InlineData("11.1")]
    public async Task A_48_MiB_scratch_and_100_MiB_of_writes_neither_fail_a_write_nor_stop_the_VM(string? version)
    {
        await using var vm = await VmAsync(version);
        var full = await FullAsync(vm);
        var point = vm.Snapshot("a");
        var scratch = await vm.Directory.MountTmpfsAsync("scratch", 48 * Mib);
        await StartAsync(vm, r => r with { ScratchDirectory = scratch });

        await using var workflow = await ConnectAsync(vm);
        var watch = new BackupWatcher(workflow).WatchAsync(TestContext.Current.CancellationToken);
        // The guest writes as fast as the device takes it: every write waits for the one before. A write that fails throws.
        for (var at = 0; at < 100; at++)
            await vm.WriteAsync("a", at * Mib, 0x22, Mib);
        var wait = () => watch;
        var failure = (await wait.Should().ThrowAsync<BackupException>()).Which;
        failure.Code.Should().Be(BackupErrorCode.BackupFailed);
        failure.Message.Should().Contain("scratch").And.NotContain("stopped");
        await workflow.DisposeAsync();

        var state = await vm.StateAsync();
        state.Status.Should().Be("running");
        state.Jobs.Should().BeEmpty();
        vm.Monitor.Events.Select(e => e.GetProperty("event").GetString()).Should().NotContain(["STOP", "BLOCK_IO_ERROR"]);
        Directory.EnumerateFileSystemEntries(scratch).Should().BeEmpty();

        var increment = await StartAsync(vm);
        increment.Disk("a").Parent.Should().Be(full);
        await increment.Disk("a").ShouldMakeOfAsync(point, vm.Snapshot("a"), vm);
        await FinishAsync(vm);
    }

    [Fact(Timeout = 180_000)]
    public async Task A_disk_may_use_the_room_that_others_leave_and_the_backup_is_aborted_when_none_is_left()
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions
        {
            Disks = [new TestDisk("a") { Size = 128 * Mib, Format = DiskFormat.Raw }, new TestDisk("b") { Size = 128 * Mib, Format = DiskFormat.Raw }],
        });
        foreach (var disk in new[] { "a", "b" })
        {
            for (var at = 0; at < 112; at += 16)
                await vm.WriteAsync(disk, at * Mib, 0x11, 16 * Mib);
        }

        await FullAsync(vm);
        var scratch = await vm.Directory.MountTmpfsAsync("scratch", 96 * Mib);
        await StartAsync(vm, r => r with { ScratchDirectory = scratch, Fleecing = Fleecing.Overlay });
        await using var workflow = await ConnectAsync(vm);
        // The watch only has the events of QEMU: 48 MiB to use, 24 for each disk.
        var watch = new BackupWatcher(workflow, new WatchOptions { Interval = TimeSpan.FromHours(1) }).WatchAsync(TestContext.Current.CancellationToken);
        while (await ThresholdsAsync(vm) is not [> 0, > 0])
            await Task.Delay(20, TestContext.Current.CancellationToken);
        var first = await ThresholdsAsync(vm);

        for (var at = 0; at < 38; at++)
            await vm.WriteAsync("a", at * Mib, 0x22, Mib);
        while (await ThresholdsAsync(vm) is not [> 38 * Mib, > 0])
            await Task.Delay(20, TestContext.Current.CancellationToken);
        watch.IsCompleted.Should().BeFalse("there is room");
        (await ThresholdsAsync(vm))[1].Should().BeLessThan(first[1], "what one has taken is not there for the other");

        // Now the other disk: together they may use 10 MiB more.
        for (var at = 0; at < 90; at++)
            await vm.WriteAsync(at % 2 == 0 ? "a" : "b", (at / 2 + 40) * Mib, 0x33, Mib);
        var wait = () => watch;
        (await wait.Should().ThrowAsync<BackupException>()).Which.Message.Should().Contain("scratch").And.NotContain("stopped");
        await workflow.DisposeAsync();
        (await vm.StateAsync()).Should().Match<QmpState>(s => s.Status == "running" && s.Jobs.Count == 0);
        vm.Monitor.Events.Select(e => e.GetProperty("event").GetString()).Should().NotContain(["STOP", "BLOCK_IO_ERROR"]);
        Directory.EnumerateFileSystemEntries(scratch).Should().BeEmpty();
    }

    // Of the overlays' files, in the order of the disks.
    private static async Task<long[]> ThresholdsAsync(QemuVm vm) =>
    [
        .. (await vm.Monitor.ExecuteAsync("query-named-block-nodes")).EnumerateArray()
            .Where(n => n.GetProperty("drv").GetString() == "file" && SessionNames.IsOurs(n.GetProperty("node-name").GetString()))
            .OrderBy(n => n.GetProperty("node-name").GetString(), StringComparer.Ordinal).Select(n => n.GetProperty("write_threshold").GetInt64()),
    ];

    [Fact(Timeout = 60_000)]
    public async Task Watch_ends_when_another_client_closes_the_backup()
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")], TcpMonitor = true });
        await StartAsync(vm);
        await using var watcher = await ConnectAsync($"tcp:127.0.0.1:{vm.TcpPort}");
        var watch = new BackupWatcher(watcher, new WatchOptions { Interval = TimeSpan.FromMilliseconds(50) }).WatchAsync(TestContext.Current.CancellationToken);
        await FinishAsync(vm);
        (await watch).Should().Be(WatchEnd.Closed);
        (await new BackupWatcher(watcher).WatchAsync(TestContext.Current.CancellationToken)).Should().Be(WatchEnd.NothingOpen);
    }

    /// <summary>Completes as soon as something was read.</summary>
    private sealed class FirstRead : IProgress<PullProgress>
    {
        private readonly TaskCompletionSource _read = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Task => _read.Task;

        public void Report(PullProgress value)
        {
            if (value.Done > 0)
                _read.TrySetResult();
        }
    }

    [Theory(Timeout = 180_000)]
    [InlineData(null, true, 1)]
    [InlineData("11.1", true, 1)]
    [InlineData("11.1", true, 3600)]
    [InlineData(null, false, 1)]
    public async Task Run_and_pull_watch_the_backup_themselves(string? version, bool run, int interval)
    {
        await using var vm = await VmAsync(version);
        var lab = new RepositoryLab(vm, vm.Directory.File("repo"));
        var first = await lab.RunAsync();
        await vm.WriteAsync("a", 0, 0x33, 100 * Mib);
        var scratch = await vm.Directory.MountTmpfsAsync("scratch", 48 * Mib);

        var firstRead = new FirstRead();
        // If the watch looks too late, the reader notices first, and the error gives the same reason.
        lab.Options = new PullOptions
        {
            BytesPerSecond = 4 * Mib,
            Progress = firstRead,
            Watch = new WatchOptions { Interval = TimeSpan.FromSeconds(interval) },
        };
        if (!run)
            await StartAsync(vm, r => r with { ScratchDirectory = scratch });
        Task pulling = run ? lab.RunAsync(r => r with { ScratchDirectory = scratch }) : lab.PullAsync();
        await Task.WhenAny(firstRead.Task, pulling);
        for (var at = 0; at < 100; at++)
            await vm.WriteAsync("a", at * Mib, 0x22, Mib);
        var wait = () => pulling;
        var failure = (await wait.Should().ThrowAsync<BackupException>()).Which;
        failure.Code.Should().Be(BackupErrorCode.BackupFailed);
        failure.Message.Should().Contain("scratch").And.Contain("given up");

        (await vm.StateAsync()).Should().Match<QmpState>(s => s.Status == "running" && s.Jobs.Count == 0);
        vm.Monitor.Events.Select(e => e.GetProperty("event").GetString()).Should().NotContain(["STOP", "BLOCK_IO_ERROR"]);
        Directory.EnumerateFileSystemEntries(scratch).Should().BeEmpty();
        lab.Chain.Read().Incomplete.Should().BeEmpty();
        lab.Options = new PullOptions();
        (await lab.RunAsync()).Pulled.Point.Parent.Should().Be(first.Pulled.Point.Id);
        await lab.ShouldAllBeRightAsync();
    }

    [Fact(Timeout = 60_000)]
    public async Task Closing_a_backup_during_a_pull_only_ends_the_pull()
    {
        await using var vm = await VmAsync(null);
        var lab = new RepositoryLab(vm, vm.Directory.File("repo"));
        await StartAsync(vm);
        var firstRead = new FirstRead();
        lab.Options = new PullOptions
        {
            BytesPerSecond = 4 * Mib,
            Progress = firstRead,
            Watch = new WatchOptions { Interval = TimeSpan.FromMilliseconds(20) },
        };
        var pulling = lab.PullAsync();
        await Task.WhenAny(firstRead.Task, pulling);
        // By hand, because the command socket serves the pull.
        await vm.Monitor.ExecuteAsync("block-export-del", $$"""{"id":"{{await ExportAsync(vm)}}","mode":"hard"}""");
        var wait = () => pulling;
        (await wait.Should().ThrowAsync<BackupException>()).Which.Code.Should().Be(BackupErrorCode.BackupFailed);
        lab.Chain.Read().Points.Should().BeEmpty();
        await AbortAsync(vm);
        lab.Options = new PullOptions();
        await lab.RunAsync();
        await lab.ShouldAllBeRightAsync();
    }

    [Fact(Timeout = 60_000)]
    public async Task A_connection_cut_at_the_worst_moment_leaves_no_backup_open()
    {
        await using var vm = await VmAsync(null);
        var scratch = await vm.Directory.MountTmpfsAsync("scratch", 48 * Mib);
        await StartAsync(vm, r => r with { ScratchDirectory = scratch });
        await using var proxy = QmpProxy.Start(vm);
        proxy.On("block-export-del").CutWithoutReply();
        await using var workflow = await ConnectAsync(proxy.Endpoint);
        var watch = new BackupWatcher(workflow, new WatchOptions { Interval = TimeSpan.FromMilliseconds(50) }).WatchAsync(TestContext.Current.CancellationToken);
        while (await ThresholdsAsync(vm) is not [> 0])
            await Task.Delay(20, TestContext.Current.CancellationToken);
        var others = Path.Combine(scratch, "others");
        await File.WriteAllBytesAsync(others, new byte[40 * Mib], TestContext.Current.CancellationToken);

        var wait = () => watch;
        (await wait.Should().ThrowAsync<BackupException>()).Which.Message.Should().Contain("given up");
        await proxy.DisposeAsync();
        (await vm.StateAsync()).Should().Match<QmpState>(s => s.Jobs.Count == 0 && s.Exports.Count == 0 && !s.NbdServerRuns);
        Directory.EnumerateFileSystemEntries(scratch).Should().Equal(others);
    }

    [Fact(Timeout = 60_000)]
    public async Task Start_refuses_a_nearly_full_scratch_directory_unless_the_space_check_is_off()
    {
        await using var vm = await VmAsync(null);
        var before = await vm.StateAsync();
        var scratch = await vm.Directory.MountTmpfsAsync("scratch", 8 * Mib);
        var start = () => StartAsync(vm, r => r with { ScratchDirectory = scratch });
        var refusal = (await start.Should().ThrowAsync<BackupException>()).Which;
        refusal.Code.Should().Be(BackupErrorCode.Storage);
        refusal.Message.Should().Contain(scratch).And.Contain("MiB");
        refusal.Remedy!.Features.Should().Contain(Feature.ScratchDirectory);
        (await vm.StateAsync()).Should().BeEquivalentTo(before);
        await StartAsync(vm, r => r with { ScratchDirectory = scratch, IgnoresSpace = true });
        await AbortAsync(vm);
    }

    private static async Task<string> ExportAsync(QemuVm vm) =>
        (await vm.Monitor.ExecuteAsync("query-block-exports")).EnumerateArray().Single().GetProperty("id").GetString()!;
}
