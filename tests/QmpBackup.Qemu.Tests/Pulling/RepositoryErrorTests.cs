using QmpBackup.Qemu.Tests.Repositories;
using QmpBackup.Qemu.Tests.Workflow;
using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Repositories.RepositoryLab;

namespace QmpBackup.Qemu.Tests.Pulling;

/// <summary>Errors of the repository's disk, at every kind of write: no wrong point is made, and the next one is complete.</summary>
public sealed class RepositoryErrorTests
{
    private static async Task<RepositoryLab> LabAsync()
    {
        var lab = await RepositoryLab.StartAsync();
        await lab.Vm.WriteAsync("a", 0, 0x5a, 8 * Mib);
        return lab;
    }

    [Theory(Timeout = 120_000)]
    [InlineData("compressed data", "pwrite64,pwritev:error=EIO:when=2+")]
    [InlineData("flush", "fdatasync,fsync:error=EIO")]
    public async Task Error_of_qemu_nbd_fails_the_run_and_the_next_one_is_complete(string what, string fault)
    {
        await using var lab = await LabAsync();
        var tools = new QemuTools { QemuNbd = InjectedFaults.Wrap(lab.Vm.Directory, "qemu-nbd", fault) };
        CheckpointId? parent = null;
        foreach (var level in new[] { BackupLevel.Full, BackupLevel.Incremental })
        {
            var before = await lab.Vm.StateAsync();
            lab.Options = new PullOptions { Tools = tools, Compress = true };
            var failure = (await lab.Invoking(l => l.RunAsync()).Should().ThrowAsync<BackupException>(what)).Which;
            failure.Code.Should().Be(BackupErrorCode.Storage, failure.Message);
            failure.Message.Should().Contain("EIO");
            (await lab.Vm.StateAsync()).Should().BeEquivalentTo(before);
            lab.Chain.Read().Should().Match<ChainContents>(c => c.Points.Length == (parent == null ? 0 : 1) && c.Incomplete.IsEmpty);

            lab.Options = new PullOptions { Compress = true };
            var point = (await lab.RunAsync()).Pulled.Point;
            point.Disks.Single().Level.Should().Be(level);
            point.Parent.Should().Be(parent);
            parent = point.Id;
            await lab.Vm.WriteAsync("a", 0, 0x5b, 8 * Mib);
            await lab.Vm.WriteZeroesAsync("a", 2 * Mib, Mib);
        }

        await lab.ShouldAllBeRightAsync();
    }

    [Fact(Timeout = 180_000)]
    public async Task Error_of_any_file_of_a_point_fails_the_pull_which_can_be_continued()
    {
        await using var lab = await LabAsync();
        var random = new Random(4);
        (string What, string Calls, string File)[] kinds =
        [
            ("the image is made", "pwrite64", "a/*.qcow2"),
            ("the image is flushed", "fsync", "a/*.qcow2"),
            ("hashes are written", "pwrite64", "a/*.hashes"),
            ("hashes are flushed", "fsync", "a/*.hashes"),
            ("the journal gets its name", "renameat", "a"),
            ("the description gets its name", "renameat", ""),
            ("the disk's folder is flushed", "fsync", "a"),
            ("the chain's folder is flushed", "fsync", ""),
        ];
        foreach (var (what, calls, file) in kinds)
        {
            var session = await WorkflowOf.StartAsync(lab.Vm);
            string[] pull = ["pull", "--qmp", lab.Vm.QmpEndpoint, "--repo", lab.Repository.Path];
            var points = lab.Chain.Read().Points.Length;
            var failed = await InjectedFaults.RunAsync(calls + ":error=EIO",
                [Path.Combine(lab.Chain.Folder, file.Replace("*", session.Id, StringComparison.Ordinal)).TrimEnd('/')], pull);
            failed.ExitCode.Should().Be(8, "{0}: {1}", what, failed.Stderr);
            failed.Stderr.Should().Contain("nput/output error", what);
            lab.Chain.Read().Points.Should().HaveCount(points, what);
            if (random.Next(3) == 0)
            {
                await WorkflowOf.AbortAsync(lab.Vm);
                await lab.RunAsync();
            }
            else
            {
                lab.Remember((await lab.PullAsync()).Point);
                await WorkflowOf.FinishAsync(lab.Vm);
            }

            await lab.Vm.WriteAsync("a", random.Next(12) * Mib, (byte)random.Next(256), 2 * Mib);
        }

        lab.Chain.Read().Points.Skip(1).Should().OnlyContain(p => p.Parent != null);
        await lab.ShouldAllBeRightAsync();
    }

    [Fact(Timeout = 120_000)]
    public async Task Point_is_not_complete_if_its_folder_cannot_be_flushed()
    {
        await using var lab = await LabAsync();
        for (var nth = 1; nth <= 3; nth++)
        {
            var session = await WorkflowOf.StartAsync(lab.Vm);
            var result = await InjectedFaults.RunAsync($"fsync:error=EIO:when={nth}", [lab.Chain.Folder],
                "pull", "--qmp", lab.Vm.QmpEndpoint, "--repo", lab.Repository.Path);

            // strace counts calls per thread, so the failing call can differ between runs.
            var held = lab.Chain.Read().Find(session.Checkpoint!.Value);
            (held is not null).Should().Be(result.ExitCode == 0, "{0}: {1}", nth, result.Stderr);
            await WorkflowOf.AbortAsync(lab.Vm);
            if (held is not null)
                lab.Remember(held);
        }

        await lab.RunAsync();
        await lab.ShouldAllBeRightAsync();
    }

    [Theory(Timeout = 120_000)]
    [InlineData("fsync:error=EIO")]
    [InlineData("pwrite64:error=EIO")]
    [InlineData("rename,renameat,renameat2:error=EIO")]
    public async Task Run_on_a_failing_disk_is_rolled_back(string fault)
    {
        await using var lab = await LabAsync();
        CheckpointId? parent = null;
        foreach (var level in new[] { BackupLevel.Full, BackupLevel.Incremental })
        {
            var before = await lab.Vm.StateAsync();
            var failed = await InjectedFaults.RunAsync(
                fault, [], "run", "--qmp", lab.Vm.QmpEndpoint, "--repo", lab.Repository.Path, "--scratch-dir", lab.Vm.Directory.Path);
            failed.ExitCode.Should().Be(8, failed.Stderr);
            (await lab.Vm.StateAsync()).Should().BeEquivalentTo(before);
            lab.Vm.ShouldHaveNoScratch();
            lab.Chain.Read().Should().Match<ChainContents>(c => c.Points.Length == (parent == null ? 0 : 1) && c.Incomplete.IsEmpty);
            var point = (await lab.RunAsync()).Pulled.Point;
            point.Disks.Single().Level.Should().Be(level);
            point.Parent.Should().Be(parent);
            parent = point.Id;
            await lab.Vm.WriteAsync("a", 0, 0x5b, 8 * Mib);
            await lab.Vm.WriteZeroesAsync("a", 2 * Mib, Mib);
        }

        await lab.ShouldAllBeRightAsync();
    }

    // The kernel tells such a failure once, to whoever asks first: the flush at the end does not know it any more.
    [Fact(Timeout = 120_000)]
    public async Task Failure_on_the_way_from_the_page_cache_to_the_disk_fails_the_run()
    {
        await using var lab = await RepositoryLab.StartAsync(null, new TestDisk("a") { Size = 160 * Mib });
        for (var at = 0; at < 160; at += 8)
            await lab.Vm.WriteAsync("a", at * Mib, 0x5a, 8 * Mib);
        var failed = await InjectedFaults.RunAsync("sync_file_range:error=EIO", [], "run", "--qmp", lab.Vm.QmpEndpoint,
            "--repo", lab.Repository.Path, "--scratch-dir", lab.Vm.Directory.Path);
        failed.ExitCode.Should().Be(8, failed.Stderr);
        failed.Stderr.Should().Contain("nput/output error");
        lab.Chain.Read().Should().Match<ChainContents>(c => c.Points.IsEmpty && c.Incomplete.IsEmpty);
        await lab.RunAsync();
        await lab.ShouldAllBeRightAsync();
    }
}
