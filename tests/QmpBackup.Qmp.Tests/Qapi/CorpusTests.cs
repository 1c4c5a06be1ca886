using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using QmpBackup.Qmp.Qapi;

namespace QmpBackup.Qmp.Tests;

/// <summary>
/// Answers of real versions of QEMU, in the folder Corpus: a VM with two disks, one with a backing image, during a pull-mode backup.
/// </summary>
public sealed class CorpusTests
{
    public static TheoryData<string> Versions => ["7.2", "11.1"];

    [Theory]
    [MemberData(nameof(Versions))]
    public void Version_name_UUID_status_and_threads_are_read(string version)
    {
        Read(version, "query-version", QapiJson.Object<VersionInfo>()).Qemu.ToString().Should().StartWith(version);
        Read(version, "query-name", QapiJson.Object<NameInfo>()).Name.Should().Be("web1");
        var uuid = Read(version, "query-uuid", QapiJson.Object<UuidInfo>());
        uuid.Uuid.Should().Be("8f1d3b1e-6a5e-4d3f-9d7e-0c1c6b3a2f10");
        uuid.IsSet.Should().BeTrue();
        new UuidInfo { Uuid = "00000000-0000-0000-0000-000000000000" }.IsSet.Should().BeFalse();
        Read(version, "query-status", QapiJson.Object<StatusInfo>()).Should()
            .Match<StatusInfo>(info => !info.Running && info.Status == RunState.PreLaunch);
        var thread = Read(version, "query-iothreads", MiscCommands.QueryIOThreads.Request.ResultTypeInfo).Single();
        thread.Id.Should().Be("io0");
        thread.PollMaxNs.Should().Be(32768);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void Jobs_and_exports_are_read(string version)
    {
        Read(version, "query-jobs", JobCommands.QueryJobs.Request.ResultTypeInfo).Should().Equal(new JobInfo
        {
            Id = "j0",
            Type = JobType.Backup,
            Status = JobStatus.Running,
            CurrentProgress = 0,
            TotalProgress = 64 << 20,
        });
        var create = Read(version, "query-jobs-concluded", JobCommands.QueryJobs.Request.ResultTypeInfo).Single();
        (create.Type, create.Status, create.Error).Should().Be((JobType.Create, JobStatus.Concluded, null));
        Read(version, "query-block-exports", BlockExportCommands.QueryBlockExports.Request.ResultTypeInfo).Should()
            .Equal(new BlockExportInfo { Id = "e0", Type = BlockExportType.Nbd, NodeName = "ov", ShuttingDown = false });
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void Nodes_with_their_bitmaps_are_read(string version)
    {
        var nodes =
            Read(version, "query-named-block-nodes", BlockCoreCommands.QueryNamedBlockNodes.ResultTypeInfo);

        var disk = nodes.Single(node => node.NodeName == "disk0");
        (disk.Driver, disk.ReadOnly, disk.BackingFileDepth, disk.Encrypted).Should().Be(("qcow2", false, 0L, false));
        disk.File.Should().Be("/var/lib/vm/top.qcow2");
        disk.BackingFile.Should().Be("/var/lib/vm/a.qcow2");
        disk.DetectZeroes.Should().Be(BlockdevDetectZeroesOptions.Off);
        disk.Cache!.Writeback.Should().BeTrue();
        var old = disk.DirtyBitmaps!.Single(bitmap => bitmap.Name == "b0");
        (old.Recording, old.Busy, old.Persistent, old.IsInconsistent, old.Granularity).Should().Be((false, true, true, false, 65536L));
        disk.DirtyBitmaps!.Single(bitmap => bitmap.Name == "b1").Recording.Should().BeTrue();
        nodes.SelectMany(node => node.DirtyBitmaps ?? []).Should().Contain(bitmap => bitmap.Name == null);
        disk.Image.VirtualSize.Should().Be(64 << 20);
        disk.Image.ClusterSize.Should().Be(65536);
        disk.Image.BackingFilename.Should().Be("a.qcow2");
        disk.Image.BackingFilenameFormat.Should().Be("qcow2");
        disk.Image.BackingImage.Should().BeNull("the list is flat");
        disk.Image.FormatSpecific.Should().BeOfType<ImageInfoSpecificQcow2Branch>().Which.Data.Compat.Should().Be("1.1");
        nodes.Single(node => node.NodeName == "ovf").WriteThreshold.Should().Be(1048576);
        if (version != "7.2")
        {
            disk.Active.Should().BeTrue();
            disk.Children!.Should().Contain(new BlockdevChild { Child = "file", NodeName = "file0" });
            disk.Image.Limits!.RequestAlignment.Should().BePositive();
        }
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void Nodes_with_nested_backing_images_are_read(string version)
    {
        var disk = Read(version, "query-named-block-nodes-nested", BlockCoreCommands.QueryNamedBlockNodes.ResultTypeInfo)
            .Single(node => node.NodeName == "disk0");

        disk.Image.BackingImage!.Filename.Should().Be("/var/lib/vm/a.qcow2");
        disk.Image.BackingImage.BackingImage.Should().BeNull();
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void Devices_with_their_images_are_read(string version)
    {
        var devices = Read(version, "query-block", BlockCoreCommands.QueryBlock.ResultTypeInfo);

        devices.Should().HaveCount(3);
        devices.Single(device => device.Device == "drv1").Inserted!.Driver.Should().Be("raw");
        var disk = devices.Single(device => device.QDev == "/machine/peripheral/vd0/virtio-backend");
        disk.Inserted!.NodeName.Should().Be("flt0", "the filter of the job is on top");
        disk.IOStatus.Should().Be(BlockDeviceIoStatus.Ok);
        var drive = devices.Single(device => device.Removable);
        (drive.Inserted, drive.TrayOpen, drive.Locked, drive.QDev).Should().Be((null, false, false, "cd0"));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void The_block_graph_is_read(string version)
    {
        var graph = Read(version, "x-debug-query-block-graph", QapiJson.Object<XDbgBlockGraph>());

        var overlay = graph.Nodes.Single(node => node.Name == "ov");
        var disk = graph.Nodes.Single(node => node.Name == "disk0");
        overlay.Type.Should().Be(XDbgBlockGraphNodeType.BlockDriver);
        var backing = graph.Edges.Single(edge => edge.Parent == overlay.Id && edge.Child == disk.Id);
        backing.Name.Should().Be("backing");
        backing.Permissions.Should().Contain(BlockPermission.ConsistentRead);
        backing.SharedPermissions.Should().NotBeEmpty();
        graph.Nodes.Should().Contain(node => node.Type == XDbgBlockGraphNodeType.BlockJob && node.Name == "j0");
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void Objects_are_read(string version)
    {
        Read(version, "qom-list", QomCommands.QomList.ResultTypeInfo).Should()
            .Contain(new ObjectPropertyInfo { Name = "vd0", Type = "child<virtio-blk-pci>" });
        Read(version, "qom-get", QapiJson.Any).GetString().Should().Be("flt0");
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void Events_are_read(string version)
    {
        QmpEvent[] events = [.. Element(version, "events").EnumerateArray().Select(item => new QmpEvent
        {
            Name = item.GetProperty("event").GetString()!,
            Data = item.TryGetProperty("data", out var data) ? data : JsonDocument.Parse("{}").RootElement,
        })];

        events.Where(item => item.Is<JobStatusChangeEvent>()).Select(item => item.GetData<JobStatusChangeEvent>())
            .Last(item => item.Id == "j0").Status.Should().Be(JobStatus.Null);
        events.Single(item => item.Is<BlockJobCancelledEvent>()).GetData<BlockJobCancelledEvent>().Should()
            .Match<BlockJobCancelledEvent>(data => data.Device == "j0" && data.Type == JobType.Backup && data.Length >= 0);
        events.Single(item => item.Is<BlockExportDeletedEvent>()).GetData<BlockExportDeletedEvent>().Id.Should().Be("e0");
        events.Single(item => item.Is<ShutdownEvent>()).GetData<ShutdownEvent>().Should()
            .Be(new ShutdownEvent { Guest = false, Reason = ShutdownCause.HostQmpQuit });
        events.Single(item => item.Is<ResetEvent>()).GetData<ResetEvent>().Reason.Should().Be(ShutdownCause.HostQmpSystemReset);
        events.Where(item => item.Is<StopEvent>()).Should().NotBeEmpty();
    }

    private static T Read<T>(string version, string name, JsonTypeInfo<T> typeInfo) => Element(version, name).Deserialize(typeInfo)!;

    private static JsonElement Element(string version, string name)
    {
        var path = Path.Combine(AppContext.BaseDirectory, "Corpus", $"qemu-{version}.json");
        using var document = JsonDocument.Parse(File.ReadAllBytes(path));
        return document.RootElement.GetProperty(name).Clone();
    }
}
