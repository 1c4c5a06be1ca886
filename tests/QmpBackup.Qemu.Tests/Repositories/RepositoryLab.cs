using QmpBackup.Planning;
using QmpBackup.Qemu.Tests.Workflow;
using QmpBackup.Repository;
using QmpBackup.Testing;

namespace QmpBackup.Qemu.Tests.Repositories;

/// <summary>A VM, a repository, and for each point in it the bytes that the disks had.</summary>
internal sealed class RepositoryLab : IAsyncDisposable
{
    public const int Mib = 1 << 20;

    /// <summary>A repository for an existing VM; the caller disposes of that VM.</summary>
    public RepositoryLab(QemuVm vm, string folder)
    {
        Vm = vm;
        Repository = BackupRepository.Open(folder, create: true, trustFolders: true);
    }

    public QemuVm Vm { get; }

    public BackupRepository Repository { get; }

    public RepositoryChain Chain => Repository.GetChain("testvm");

    public Dictionary<(CheckpointId Point, string Disk), byte[]> Expected { get; } = [];

    public PullOptions Options { get; set; } = new();

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public static Task<RepositoryLab> StartAsync(string? folder = null, params TestDisk[] disks) =>
        StartAsync(new QemuVmOptions { Disks = disks.Length > 0 ? disks : [new TestDisk("a")] }, folder);

    public static async Task<RepositoryLab> StartAsync(QemuVmOptions options, string? folder = null)
    {
        var vm = await QemuVm.StartAsync(options, Token);
        return new RepositoryLab(vm, folder ?? vm.Directory.File("repo"));
    }

    public async ValueTask DisposeAsync() => await Vm.DisposeAsync();

    public async Task<RunResult> RunAsync(Func<StartRequest, StartRequest>? change = null, CancellationToken? token = null)
    {
        await using var workflow = await WorkflowOf.ConnectAsync(Vm);
        var request = WorkflowOf.Request(Vm);
        var result = await new BackupRunner(Repository, Options)
            .RunAsync(workflow, change is null ? request : change(request), cancellationToken: token ?? Token);
        Remember(result.Pulled.Point);
        return result;
    }

    public async Task<PulledPoint> PullAsync(CancellationToken? token = null)
    {
        // Before the connection of the pull: the monitor serves one client.
        var options = await NamingServerAsync();
        await using var workflow = await WorkflowOf.ConnectAsync(Vm);
        return await new PointPuller(Repository, options).PullAsync(workflow, cancellationToken: token ?? Token);
    }

    /// <summary>
    /// The options of a pull whose connection does not lead to a program named QEMU: it leads to a proxy, or to a QEMU that its dynamic linker
    /// has started. Such a pull requires the address as an option.
    /// </summary>
    public async Task<PullOptions> NamingServerAsync()
    {
        if (Options.NbdServer is not null)
            return Options;
        await using var workflow = await WorkflowOf.ConnectAsync(Vm);
        var session = StatusReader.Read(await workflow.ObserveAsync(Token)).Session;
        return session?.Nbd is { } address ? Options with { NbdServer = address } : Options;
    }

    public void Remember(RepositoryPoint point)
    {
        foreach (var disk in point.Disks)
            Expected[(point.Id, disk.Name)] = Vm.Snapshot(disk.Name);
    }

    public string ImageOf(RepositoryPoint point, string disk) => Path.Combine(Chain.Folder, point.FindDisk(disk)!.File);

    public DiskFiles FilesOf(RepositoryPoint point, string disk) => Chain.FilesOf(point, point.FindDisk(disk)!);

    /// <summary>Every point equals the oracle: restored by qbackup, and by qemu-img alone.</summary>
    public async Task ShouldAllBeRightAsync()
    {
        var contents = Chain.Read();
        contents.Broken.Should().BeEmpty();
        contents.Points.Select(p => p.Id).Should().BeEquivalentTo(Expected.Keys.Select(k => k.Point).Distinct());
        foreach (var point in contents.Points)
        {
            foreach (var disk in point.Disks)
            {
                var expected = Expected[(point.Id, disk.Name)];
                DiskOracle.Compare(expected, await DiskImages.ReadAsync(ImageOf(point, disk.Name))).Should()
                    .BeNull("qemu-img convert of {0}/{1}", point.Id, disk.Name);
                (await RestoreAsync(point.Id.Value, disk.Name)).AsSpan().SequenceEqual(expected).Should()
                    .BeTrue("restore of {0}/{1}", point.Id, disk.Name);
            }
        }

        (await RepositoryVerifier.VerifyAsync(Chain, cancellationToken: Token)).Should().OnlyContain(r => r.IsSound);
    }

    public async Task<byte[]> RestoreAsync(string point, string disk, ImageFormat format = ImageFormat.Raw)
    {
        var target = Vm.Directory.File("restored-" + Guid.NewGuid().ToString("N"));
        await new Restorer(Chain).RestoreAsync(point, disk, target, format, cancellationToken: Token);
        try
        {
            return format == ImageFormat.Raw ? await File.ReadAllBytesAsync(target) : await DiskImages.ReadAsync(target);
        }
        finally
        {
            File.Delete(target);
        }
    }

    public static CheckpointId Id(string text) => CheckpointId.Parse(text);
}
