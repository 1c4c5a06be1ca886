using System.Text.Json;
using QmpBackup.Qmp.Qapi;

namespace QmpBackup.Qmp.Tests;

/// <summary>All typed block commands, with a real storage daemon and a qcow2 disk.</summary>
public sealed class BlockTests : IAsyncLifetime
{
    private const long Size = 16 << 20;

    private QemuProgram _qemu = null!;
    private QmpClient _client = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _qemu = await QemuProgram.StartStorageDaemonAsync(Token);
        _client = await QmpClient.ConnectAsync(_qemu.Endpoint, cancellationToken: Token);
        await AddImageAsync("disk0", "disk0.qcow2");
    }

    public async ValueTask DisposeAsync()
    {
        if (_client is not null)
            await _client.DisposeAsync();
        if (_qemu is not null)
            await _qemu.DisposeAsync();
    }

    [Fact(Timeout = 60_000)]
    public async Task A_bitmap_is_added_disabled_enabled_cleared_merged_and_removed()
    {
        var token = TestContext.Current.CancellationToken;
        await _client.BlockDirtyBitmapAddAsync(new() { Node = "disk0", Name = "b0", Persistent = true, Granularity = 32768 }, token);
        var info = (await BitmapsAsync(token)).Single();
        (info.Name, info.Granularity, info.Recording, info.Persistent, info.Count).Should().Be(("b0", 32768L, true, true, 0L));

        await _client.BlockDirtyBitmapDisableAsync("disk0", "b0", token);
        (await BitmapsAsync(token)).Single().Recording.Should().BeFalse();
        await _client.BlockDirtyBitmapEnableAsync("disk0", "b0", token);
        (await BitmapsAsync(token)).Single().Recording.Should().BeTrue();
        await _client.BlockDirtyBitmapDisableAsync("disk0", "b0", token);
        await _client.BlockDirtyBitmapEnableAsync("disk0", "b0", token);

        await _client.BlockDirtyBitmapAddAsync(new() { Node = "disk0", Name = "b1", Disabled = true }, token);
        await AddImageAsync("disk1", "disk1.qcow2");
        await _client.BlockDirtyBitmapAddAsync(new() { Node = "disk1", Name = "far" }, token);
        await _client.BlockDirtyBitmapMergeAsync(
            new() { Node = "disk0", Target = "b1", Bitmaps = ["b0", new BlockDirtyBitmap { Node = "disk1", Name = "far" }] }, token);
        await _client.BlockDirtyBitmapClearAsync("disk0", "b0", token);
        await _client.BlockDirtyBitmapRemoveAsync("disk0", "b1", token);
        (await BitmapsAsync(token)).Select(bitmap => bitmap.Name).Should().Equal("b0");
    }

    [Fact(Timeout = 60_000)]
    public async Task Nodes_of_every_type_are_added_and_removed()
    {
        var token = TestContext.Current.CancellationToken;
        await _client.ObjectAddAsync(new ObjectOptionsThrottleGroup { Id = "tg", Limits = new() { BpsTotal = 1 << 20 } }, token);
        await _client.ObjectAddAsync(new ObjectOptionsSecret { Id = "sec", Data = "hunter2" }, token);
        await _client.ObjectAddAsync(new ObjectOptionsAuthzSimple { Id = "az", Identity = "CN=a" }, token);
        await _client.ObjectAddAsync(new ObjectOptionsIothread { Id = "io", PollMaxNs = 0 }, token);
        (await _client.QomListAsync("/objects", token)).Select(item => item.Name).Should().Contain(["tg", "sec", "az", "io"]);
        (await _client.QomGetAsync("/objects/io", "poll-max-ns", token)).GetInt64().Should().Be(0);
        await _client.QomSetAsync("/objects/io", "poll-max-ns", JsonDocument.Parse("16").RootElement, token);
        await _client.QomSetAsync("/objects/az", "identity", "CN=b", token);
        (await _client.QomGetAsync("/objects/az", "identity", token)).GetString().Should().Be("CN=b");

        await _client.BlockdevAddAsync(new BlockdevOptionsNullCo { NodeName = "null0", Size = Size, ReadZeroes = true }, token);
        await _client.BlockdevAddAsync(new BlockdevOptionsRaw { NodeName = "raw0", File = "null0", Offset = 512, Size = 1024 }, token);
        await _client.BlockdevAddAsync(new BlockdevOptionsThrottle { NodeName = "thr0", File = "raw0", ThrottleGroup = "tg" }, token);
        await _client.BlockdevAddAsync(
            new BlockdevOptionsCompress { NodeName = "comp0", File = new BlockdevOptionsQcow2 { NodeName = "q0", File = await FileAsync("c.qcow2", token) } }, token);
        await _client.BlockdevAddAsync(BlockdevOptionsJson.FromElement(JsonDocument.Parse("""{"driver":"null-aio","node-name":"json0"}""").RootElement), token);
        var schema = await _client.GetSchemaAsync(token);
        Assert.SkipUnless(schema.HasArgument("blockdev-add", "driver=copy-before-write/cbw-timeout"), "QEMU before 7.1");
        await _client.BlockdevAddAsync(new BlockdevOptionsNullCo { NodeName = "target", Size = Size }, token);
        await _client.BlockDirtyBitmapAddAsync(new() { Node = "disk0", Name = "b" }, token);
        await _client.BlockdevAddAsync(
            new BlockdevOptionsCbw
            {
                NodeName = "cbw0",
                File = "disk0",
                Target = "target",
                Bitmap = new() { Node = "disk0", Name = "b" },
                OnCbwError = OnCbwError.BreakSnapshot,
                CbwTimeout = 5,
            },
            token);
        await _client.BlockdevAddAsync(new BlockdevOptionsSnapshotAccess { NodeName = "acc0", File = "cbw0" }, token);

        var nodes = await _client.QueryNamedBlockNodesAsync(flat: true, token);
        nodes.Select(node => node.NodeName).Should().Contain(["null0", "raw0", "thr0", "comp0", "json0", "cbw0", "acc0"]);
        nodes.Single(node => node.NodeName == "raw0").Image.VirtualSize.Should().Be(1024);
        var graph = await _client.XDebugQueryBlockGraphAsync(token);
        graph.Nodes.Should().Contain(node => node.Name == "acc0");
        foreach (var node in (string[])["acc0", "cbw0", "target", "comp0", "thr0", "raw0", "null0", "json0"])
            await _client.BlockdevDelAsync(node, token);
        foreach (var id in (string[])["tg", "sec", "az", "io"])
            await _client.ObjectDelAsync(id, token);
        (await _client.QueryNamedBlockNodesAsync(flat: false, token)).Select(node => node.NodeName).Should().NotContain("cbw0");
    }

    [Fact(Timeout = 60_000)]
    public async Task A_pull_mode_backup_runs_from_start_to_end()
    {
        var token = TestContext.Current.CancellationToken;
        await using var events = _client.Subscribe(JobStatusChangeEvent.EventName, BlockExportDeletedEvent.EventName, BlockJobCancelledEvent.EventName);
        await _client.BlockDirtyBitmapAddAsync(new() { Node = "disk0", Name = "old", Persistent = true }, token);
        await CreateOverlayAsync("ov", "ov.qcow2", events, token);

        await _client.TransactionAsync(
            [
                TransactionAction.BlockDirtyBitmapAdd(new() { Node = "disk0", Name = "new", Persistent = true }),
                TransactionAction.BlockdevBackup(new()
                {
                    JobId = "job0",
                    Device = "disk0",
                    Target = "ov",
                    Sync = MirrorSyncMode.None,
                    AutoDismiss = false,
                    FilterNodeName = "flt0",
                }),
                TransactionAction.BlockDirtyBitmapDisable(new() { Node = "disk0", Name = "old" }),
            ],
            cancellationToken: token);
        var job = (await _client.QueryJobsAsync(token)).Single();
        (job.Id, job.Type).Should().Be(("job0", JobType.Backup));
        await _client.BlockSetWriteThresholdAsync("ov-file", 1 << 20, token);
        (await BitmapsAsync(token)).Where(bitmap => bitmap.Name is null).Should().NotBeEmpty("a job has bitmaps without names");

        await _client.NbdServerStartAsync(
            new NbdServerStartArguments { Address = SocketAddressLegacy.Unix(_qemu.PathOf("nbd")), MaxConnections = 3 }, token);
        var byNode = (await _client.GetSchemaAsync(token)).SupportsBitmapNodeReference;
        await _client.BlockExportAddAsync(
            new BlockExportOptionsNbd
            {
                Id = "exp0",
                NodeName = "ov",
                Name = "disk0",
                Description = "a point in time",
                Bitmaps = [byNode ? new BlockDirtyBitmap { Node = "disk0", Name = "old" } : "old"],
                AllocationDepth = true,
            },
            token);
        (await _client.QueryBlockExportsAsync(token)).Should().Equal(
            new BlockExportInfo { Id = "exp0", Type = BlockExportType.Nbd, NodeName = "ov", ShuttingDown = false });
        (await BitmapsAsync(token)).Single(bitmap => bitmap.Name == "old").Busy.Should().BeTrue();

        await _client.BlockExportDelAsync("exp0", BlockExportRemoveMode.Hard, token);
        await events.WaitForEventAsync(item => item.TryGetData<BlockExportDeletedEvent>(out var gone) && gone.Id == "exp0", token);
        await _client.NbdServerStopAsync(token);
        await _client.JobPauseAsync("job0", token);
        await _client.JobResumeAsync("job0", token);
        await _client.JobCancelAsync("job0", token);
        await events.WaitForEventAsync(item => item.Is<BlockJobCancelledEvent>(), token);
        await DismissAsync("job0", events, token);
        await _client.TransactionAsync(
            [
                TransactionAction.BlockDirtyBitmapEnable(new() { Node = "disk0", Name = "old" }),
                TransactionAction.BlockDirtyBitmapMerge(new() { Node = "disk0", Target = "old", Bitmaps = ["new"] }),
                TransactionAction.BlockDirtyBitmapRemove(new() { Node = "disk0", Name = "new" }),
            ],
            cancellationToken: token);
        await _client.BlockdevDelAsync("ov", token);
        await _client.BlockdevDelAsync("ov-file", token);

        (await BitmapsAsync(token)).Should().Equal(
            new BlockDirtyInfo { Name = "old", Granularity = 65536, Recording = true, Busy = false, Persistent = true, Count = 0 });
        (await _client.QueryJobsAsync(token)).Should().BeEmpty();
    }

    [Fact(Timeout = 60_000)]
    public async Task A_full_backup_is_finalized_and_dismissed_by_hand()
    {
        var token = TestContext.Current.CancellationToken;
        await using var events = _client.Subscribe(JobStatusChangeEvent.EventName, BlockJobPendingEvent.EventName, BlockJobCompletedEvent.EventName);
        await AddImageAsync("copy", "copy.qcow2");
        await _client.BlockdevBackupAsync(
            new()
            {
                JobId = "full",
                Device = "disk0",
                Target = "copy",
                Sync = MirrorSyncMode.Full,
                Speed = 0,
                OnSourceError = BlockdevOnError.Report,
                AutoFinalize = false,
                AutoDismiss = false,
            },
            token);
        await events.WaitForEventAsync(item => item.TryGetData<BlockJobPendingEvent>(out var data) && data.Id == "full", token);
        await _client.JobFinalizeAsync("full", token);
        var completed = await events.WaitForEventAsync(item => item.Is<BlockJobCompletedEvent>(), token);
        completed.GetData<BlockJobCompletedEvent>().Should().Match<BlockJobCompletedEvent>(data => data.Error == null && data.Length == Size);
        await DismissAsync("full", events, token);

        Func<Task> complete = () => _client.JobCompleteAsync("full", token);
        await complete.Should().ThrowAsync<QmpCommandException>();
    }

    [Fact(Timeout = 60_000)]
    public async Task Qemu_accepts_the_arguments_of_every_transaction_action()
    {
        var token = TestContext.Current.CancellationToken;
        await AddImageAsync("t1", "t1.qcow2");
        await _client.BlockdevAddAsync(
            new BlockdevOptionsQcow2 { NodeName = "over", File = await FileAsync("over.qcow2", token), Backing = BlockdevRefOrNull.Null }, token);
        await _client.BlockDirtyBitmapAddAsync(new() { Node = "disk0", Name = "a" }, token);
        await _client.BlockDirtyBitmapAddAsync(new() { Node = "disk0", Name = "gone" }, token);

        await _client.TransactionAsync(
            new TransactionArguments
            {
                Actions =
                [
                    TransactionAction.BlockDirtyBitmapAdd(new() { Node = "disk0", Name = "b", Disabled = true }),
                    TransactionAction.BlockDirtyBitmapDisable(new() { Node = "disk0", Name = "a" }),
                    TransactionAction.BlockDirtyBitmapEnable(new() { Node = "disk0", Name = "a" }),
                    TransactionAction.BlockDirtyBitmapMerge(new() { Node = "disk0", Target = "b", Bitmaps = ["a"] }),
                    TransactionAction.BlockDirtyBitmapClear(new() { Node = "disk0", Name = "a" }),
                    TransactionAction.BlockDirtyBitmapRemove(new() { Node = "disk0", Name = "gone" }),
                    TransactionAction.BlockdevBackup(new() { JobId = "j", Device = "disk0", Target = "t1", Sync = MirrorSyncMode.None }),
                ],
                Properties = new() { CompletionMode = ActionCompletionMode.Individual },
            },
            token);
        (await BitmapsAsync(token)).Where(bitmap => bitmap.Name is not null).Select(bitmap => bitmap.Name).Should().BeEquivalentTo("a", "b");
        await using var events = _client.Subscribe(JobStatusChangeEvent.EventName);
        await _client.JobCancelAsync("j", token);
        await events.WaitForEventAsync(item => item.GetData<JobStatusChangeEvent>().Status == JobStatus.Null, token);

        await _client.TransactionAsync([TransactionAction.BlockdevSnapshot(new() { Node = "disk0", Overlay = "over" })], cancellationToken: token);
        await AddImageAsync("disk2", "disk2.qcow2");
        await _client.TransactionAsync(
            [
                TransactionAction.BlockdevSnapshotInternalSync(new() { Device = "t1", Name = "s1" }),
                TransactionAction.BlockdevSnapshotSync(new()
                {
                    NodeName = "disk2",
                    SnapshotFile = _qemu.PathOf("sync.qcow2"),
                    SnapshotNodeName = "sync",
                    Mode = NewImageMode.AbsolutePaths,
                    Format = "qcow2",
                }),
            ],
            cancellationToken: token);
        (await _client.QueryNamedBlockNodesAsync(flat: true, token)).Single(node => node.NodeName == "t1")
            .Image.Snapshots!.Single().Name.Should().Be("s1");

        Func<Task> abort = () => _client.TransactionAsync(
            [TransactionAction.BlockDirtyBitmapAdd(new() { Node = "t1", Name = "never" }), TransactionAction.Abort()], cancellationToken: token);
        await abort.Should().ThrowAsync<QmpCommandException>();
        (await _client.QueryNamedBlockNodesAsync(flat: true, token)).Single(node => node.NodeName == "t1")
            .DirtyBitmaps.Should().BeNull();

        // QEMU opens the target only after it has parsed the arguments.
        Func<Task> drive = () => _client.TransactionAsync(
            [
                TransactionAction.DriveBackup(new()
                {
                    JobId = "d", Device = "t1", Target = "/no/such/dir/x", Sync = MirrorSyncMode.Full, Format = "raw", Mode = NewImageMode.AbsolutePaths,
                }),
            ],
            cancellationToken: token);
        (await drive.Should().ThrowAsync<QmpCommandException>()).Which.Description.Should().Contain("/no/such/dir/x");
    }

    [Fact(Timeout = 60_000)]
    public async Task Members_that_are_not_set_are_not_sent()
    {
        var token = TestContext.Current.CancellationToken;
        var schema = await _client.GetSchemaAsync(token);
        var backup = new BlockdevBackup { JobId = "j", Device = "none", Target = "none", Sync = MirrorSyncMode.None };
        Func<Task> plain = () => _client.BlockdevBackupAsync(backup, token);
        (await plain.Should().ThrowAsync<QmpCommandException>()).Which.Description.Should().NotContain("unexpected");

        if (!schema.HasArgument("blockdev-backup", "on-cbw-error"))
        {
            Func<Task> modern = () => _client.BlockdevBackupAsync(backup with { OnCbwError = OnCbwError.BreakSnapshot }, token);
            (await modern.Should().ThrowAsync<QmpCommandException>()).Which.Description.Should().Contain("on-cbw-error");
        }
    }

    private async Task<IReadOnlyList<BlockDirtyInfo>> BitmapsAsync(CancellationToken token) =>
        (await _client.QueryNamedBlockNodesAsync(flat: true, token))
            .Where(node => node.NodeName is "disk0" or "flt0").SelectMany(node => node.DirtyBitmaps ?? []).ToList();

    private async Task<BlockdevOptionsFile> FileAsync(string name, CancellationToken token)
    {
        await QemuProgram.CreateImageAsync(_qemu.PathOf(name), "16M", token);
        return new BlockdevOptionsFile { Filename = _qemu.PathOf(name), Aio = BlockdevAioOptions.Threads, Locking = OnOffAuto.Auto };
    }

    private async Task AddImageAsync(string node, string name) => await _client.BlockdevAddAsync(
        new BlockdevOptionsQcow2
        {
            NodeName = node,
            File = await FileAsync(name, Token),
            Discard = BlockdevDiscardOptions.Unmap,
            Cache = new() { Direct = false },
        },
        Token);

    /// <summary>A scratch image, created by QEMU.</summary>
    private async Task CreateOverlayAsync(string node, string name, QmpEventSubscription events, CancellationToken token)
    {
        var file = node + "-file";
        await _client.BlockdevCreateAsync("create1", new BlockdevCreateOptionsFile { Filename = _qemu.PathOf(name), Size = 0 }, token);
        await DismissAsync("create1", events, token);
        await _client.BlockdevAddAsync(new BlockdevOptionsFile { NodeName = file, Filename = _qemu.PathOf(name) }, token);
        await _client.BlockdevCreateAsync("create2", new BlockdevCreateOptionsQcow2 { File = file, Size = Size, Version = BlockdevQcow2Version.V3 }, token);
        await DismissAsync("create2", events, token);
        await _client.BlockdevAddAsync(new BlockdevOptionsQcow2 { NodeName = node, File = file, Backing = "disk0" }, token);
    }

    private async Task DismissAsync(string job, QmpEventSubscription events, CancellationToken token)
    {
        await events.WaitForEventAsync(
            item => item.TryGetData<JobStatusChangeEvent>(out var change)
                && change.Id == job && change.Status == JobStatus.Concluded,
            token);
        await _client.JobDismissAsync(job, token);
    }
}
