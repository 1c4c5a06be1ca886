using QmpBackup.Qemu.Tests.Repositories;
using QmpBackup.Qemu.Tests.Workflow;
using QmpBackup.Repository;
using QmpBackup.Repository.Operations;
using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Repositories.RepositoryLab;

namespace QmpBackup.Qemu.Tests.Pulling;

/// <summary>
/// A repository whose file system hangs while a backup is open: it is frozen, and every write waits. The guest fills the scratch image
/// meanwhile, and none of its writes may fail.
/// </summary>
public sealed class HangingRepositoryTests
{
    /// <summary>A file system on which every write waits until it is disposed.</summary>
    private sealed class Frozen : IAsyncDisposable
    {
        private readonly string _path;
        private bool _isThawed;

        private Frozen(string path) => _path = path;

        public static async Task<Frozen> FreezeAsync(string path)
        {
            await CommandRunner.RunCheckedAsync("fsfreeze", "-f", path);
            return new Frozen(path);
        }

        public async ValueTask DisposeAsync()
        {
            if (_isThawed)
                return;
            _isThawed = true;
            await CommandRunner.RunCheckedAsync("fsfreeze", "-u", _path);
        }
    }

    private static async Task<RepositoryLab> LabAsync(TestDirectory directory)
    {
        Assert.SkipUnless(TestDirectory.CanMount, "mounting needs root");
        var disk = new TestDisk("a") { Size = 128 * Mib, Format = DiskFormat.Raw };
        var lab = await RepositoryLab.StartAsync(Path.Combine(await directory.MountExt4Async("fs"), "repo"), disk);
        for (var at = 0; at < 112; at += 16)
            await lab.Vm.WriteAsync("a", at * Mib, 0x11, 16 * Mib);
        lab.Options = new PullOptions
        {
            Patience = TimeSpan.FromSeconds(2),
            Watch = new WatchOptions { Interval = TimeSpan.FromMilliseconds(50) }
        };
        return lab;
    }

    private static async Task GuestShouldGoOnAsync(RepositoryLab lab)
    {
        for (var at = 0; at < 100; at++)
            await lab.Vm.WriteAsync("a", at * Mib, 0x22, Mib);
        (await lab.Vm.StateAsync()).Status.Should().Be("running");
        lab.Vm.Monitor.Events.Select(e => e.GetProperty("event").GetString()).Should().NotContain(["STOP", "BLOCK_IO_ERROR"]);
    }

    private static async Task ShouldBeGivenUpAsync(Task pulling, string scratch)
    {
        var wait = () => pulling;
        var failure = (await wait.Should().ThrowAsync<BackupException>()).Which;
        failure.Code.Should().Be(BackupErrorCode.BackupFailed, failure.Message);
        failure.Message.Should().Contain("scratch").And.Contain("given up");
        Directory.EnumerateFileSystemEntries(scratch).Should().BeEmpty();
    }

    private static async Task NextShouldBeCompleteAsync(RepositoryLab lab, CheckpointId? parent)
    {
        lab.Options = new PullOptions();
        (await lab.RunAsync()).Pulled.Point.Parent.Should().Be(parent);
        await lab.ShouldAllBeRightAsync();
    }

    [Fact(Timeout = 120_000)]
    public async Task Pull_watches_even_while_it_cannot_read_the_repository()
    {
        await using var directory = TestDirectory.Create();
        await using var lab = await LabAsync(directory);
        lab.Chain.Lock().Dispose();
        var scratch = await lab.Vm.Directory.MountTmpfsAsync("scratch", 48 * Mib);
        await WorkflowOf.StartAsync(lab.Vm, r => r with { ScratchDirectory = scratch });
        var options = await lab.NamingServerAsync();
        await using var proxy = QmpProxy.Start(lab.Vm);
        var watching = proxy.On("query-jobs", 3);
        await using var frozen = await Frozen.FreezeAsync(directory.File("fs"));
        await using var workflow = await WorkflowOf.ConnectAsync(proxy.Endpoint);
        var pulling = new PointPuller(lab.Repository, options).PullAsync(workflow, cancellationToken: Token);
        await watching.Hit.WaitAsync(Token);
        await GuestShouldGoOnAsync(lab);
        await ShouldBeGivenUpAsync(pulling, scratch);
        // A process that hangs there still holds the lock.
        lab.Invoking(l => l.Chain.Lock()).Should().Throw<BackupException>().Which.Code.Should().Be(BackupErrorCode.Busy);
        await workflow.DisposeAsync();
        await frozen.DisposeAsync();
        await UnlockedAsync(lab);
        await NextShouldBeCompleteAsync(lab, null);
    }

    [Theory(Timeout = 120_000)]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task Run_watches_from_the_transaction_to_the_end(bool atTheEnd, bool stop)
    {
        await using var directory = TestDirectory.Create();
        await using var lab = await LabAsync(directory);
        var first = await lab.RunAsync();
        await lab.Vm.WriteAsync("a", 0, 0x33, 8 * Mib);
        var before = await lab.Vm.StateAsync();
        var scratch = await lab.Vm.Directory.MountTmpfsAsync("scratch", 48 * Mib);
        await using var proxy = QmpProxy.Start(lab.Vm);
        var made = new TaskCompletionSource();
        await using var workflow = await WorkflowOf.ConnectAsync(proxy.Endpoint);
        var request = WorkflowOf.Request(lab.Vm) with { ScratchDirectory = scratch };
        var files = DiskFiles.In(Path.Combine(lab.Chain.Folder, "a"), request.Point);
        // At the end: the first query after everything is read asks whether the point in time is still held.
        var held = (atTheEnd ? proxy.Add(_ => new DiskJournal(files.Journal, "", null).Read() is { IsComplete: true })
            : proxy.On("transaction")).HoldUntil(made.Task);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var running = new BackupRunner(lab.Repository, lab.Options).RunAsync(workflow, request, cancellationToken: cancel.Token);
        await held.Hit.WaitAsync(Token);
        await using var frozen = await Frozen.FreezeAsync(directory.File("fs"));
        // Once everything is read, only the watch sends commands.
        var hanging = atTheEnd ? proxy.OnStep(30) : proxy.On("block-set-write-threshold");
        made.SetResult();
        await hanging.Answered.WaitAsync(Token);
        if (stop)
        {
            await cancel.CancelAsync();
            var wait = () => running;
            await wait.Should().ThrowAsync<OperationCanceledException>();
            (await lab.Vm.StateAsync()).Should().BeEquivalentTo(before);
        }
        else
        {
            await GuestShouldGoOnAsync(lab);
            await ShouldBeGivenUpAsync(running, scratch);
        }

        await workflow.DisposeAsync();
        await frozen.DisposeAsync();
        await UnlockedAsync(lab);
        lab.Chain.Read().Points.Should().ContainSingle();
        await NextShouldBeCompleteAsync(lab, first.Pulled.Point.Id);
    }

    /// <summary>Blocks the report that a point is complete.</summary>
    private sealed class HeldAtTheEnd(string folder, Task release) : IProgress<PullProgress>
    {
        private readonly TaskCompletionSource _complete = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Complete => _complete.Task;

        public void Report(PullProgress value)
        {
            if (!Directory.EnumerateFiles(folder, "*" + ChainLayout.PointSuffix, SearchOption.AllDirectories).Any())
                return;
            _complete.TrySetResult();
            release.Wait(Token);
        }
    }

    [Theory(Timeout = 120_000)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Point_that_was_complete_before_its_backup_was_aborted_stays_and_is_sound(bool run)
    {
        await using var directory = TestDirectory.Create();
        await using var lab = await LabAsync(directory);
        lab.Expected[(default, "a")] = lab.Vm.Snapshot("a");
        var scratch = await lab.Vm.Directory.MountTmpfsAsync("scratch", 48 * Mib);
        var release = new TaskCompletionSource();
        var progress = new HeldAtTheEnd(lab.Repository.Path, release.Task);
        lab.Options = lab.Options with { Patience = TimeSpan.FromSeconds(60), Progress = progress };
        if (!run)
            await WorkflowOf.StartAsync(lab.Vm, r => r with { ScratchDirectory = scratch });
        Task pulling = run ? lab.RunAsync(r => r with { ScratchDirectory = scratch }) : lab.PullAsync();
        await Task.WhenAny(progress.Complete, pulling);
        await GuestShouldGoOnAsync(lab);
        release.SetResult();
        await ShouldBeGivenUpAsync(pulling, scratch);
        pulling.Exception!.InnerException!.Message.Should().Contain("is still complete in the repository");
        lab.Expected.Remove((default, "a"), out var expected);
        lab.Expected[(lab.Chain.Read().Points.Single().Id, "a")] = expected!;
        await NextShouldBeCompleteAsync(lab, null);
    }

    private static async Task UnlockedAsync(RepositoryLab lab)
    {
        while (true)
        {
            try
            {
                lab.Chain.Lock().Dispose();
                return;
            }
            catch (BackupException e) when (e.Code == BackupErrorCode.Busy)
            {
                await Task.Yield();
            }
        }
    }
}
