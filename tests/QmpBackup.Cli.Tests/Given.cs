using QmpBackup.Model;
using QmpBackup.Nbd;

namespace QmpBackup.Cli.Tests;

/// <summary>VM states and sessions to render, made by hand.</summary>
internal static class Given
{
    public const string Checkpoint = "20261123T034712Z-1a2b3c";
    public const string Parent = "20261122T034712Z-0a0b0c";

    public static VmState Vm() => new()
    {
        Version = new Version(7, 2, 22),
        Features = new QemuFeatures { ExportsBitmapsByNode = true, HasSnapshotAccess = true, SupportsPullMode = true },
        Name = "vm1",
        RunState = "running",
        Disks = [DiskA, DiskB, Cdrom],
        Nodes = [DiskA.Node, DiskB.Node, Cdrom.Node],
        Process = new VmProcess(4711, 107, 107),
    };

    public static VmDisk DiskA { get; } = new()
    {
        Name = "disk-a",
        Device = "vd-a",
        Node = new BlockNode
        {
            Name = "disk-a",
            Driver = "qcow2",
            Qcow2Compat = "1.1",
            Size = 20L << 30,
            Bitmaps =
            [
                new DirtyBitmap { Name = $"qbackup.default.{Parent}.on-2a568a5b", IsRecording = true, IsPersistent = true, Granularity = 65536, Count = 196608 },
                new DirtyBitmap { Name = "foreign\e[31m", Granularity = 65536, IsInconsistent = true, IsPersistent = true },
                new DirtyBitmap { Name = null, Granularity = 65536 },
            ],
        },
    };

    public static VmDisk DiskB { get; } = new()
    {
        Name = "vd-b",
        Device = "vd-b",
        Drive = "drv-b",
        Node = new BlockNode { Name = "#block123", Driver = "raw", Size = 4097 },
    };

    public static VmDisk Cdrom { get; } = new() { Name = "cd", Node = new BlockNode { Name = "cd", Driver = "raw", IsReadOnly = true, Size = 1 << 20 }, IsReadOnly = true };

    public static StartRequest Request() => new()
    {
        Checkpoint = CheckpointId.Parse(Checkpoint),
    };

    public static BackupSession Session() => new()
    {
        Chain = ChainName.Default,
        Checkpoint = CheckpointId.Parse(Checkpoint),
        StartedAt = new DateTimeOffset(2026, 11, 23, 5, 47, 12, TimeSpan.FromHours(2)),
        Phase = SessionPhase.Open,
        Fleecing = Fleecing.Overlay,
        Nbd = NbdEndpoint.Unix("/var/tmp/q/s"),
        Disks =
        [
            new SessionDisk
            {
                Name = "disk-a",
                Node = "disk-a",
                Device = "vd-a",
                Size = 20L << 30,
                Level = BackupLevel.Incremental,
                Reason = $"changes since checkpoint {Parent}",
                Parent = CheckpointId.Parse(Parent),
                Export = "disk-a",
                Uri = NbdUri.Parse("nbd+unix:///disk-a?socket=/var/tmp/q/s"),
                Bitmap = $"qbackup.default.{Parent}.on-2a568a5b",
                MetaContext = $"qemu:dirty-bitmap:qbackup.default.{Parent}.on-2a568a5b",
                DirtyBytes = 196608,
                Granularity = 65536,
            },
            new SessionDisk
            {
                Name = "vd-b",
                Node = "#block123",
                Size = 4097,
                Level = BackupLevel.Full,
                Reason = "full was requested",
                Export = "vd-b",
                Uri = NbdUri.Parse("nbd+unix:///vd-b?socket=/var/tmp/q/s"),
            },
        ],
    };

    public static VmStatus Status() => new()
    {
        Session = Session(),
        Chains = [new ChainStatus(ChainName.Default, [new CheckpointStatus(CheckpointId.Parse(Parent), ["disk-a"], CheckpointState.Disabled)])],
    };
}
