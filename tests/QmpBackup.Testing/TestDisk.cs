namespace QmpBackup.Testing;

/// <summary>One disk of a test VM.</summary>
public sealed record TestDisk(string Name)
{
    /// <summary>Format of the image.</summary>
    public DiskFormat Format { get; init; } = DiskFormat.Qcow2;

    /// <summary>Bytes; odd ones too for raw (QEMU shows the guest whole sectors).</summary>
    public long Size { get; init; } = 16 << 20;

    /// <summary>Name of the format node; default: the name of the disk. Not used by a legacy disk.</summary>
    public string? NodeName { get; init; }

    /// <summary>Made by -drive if=none,id=drv-NAME instead of -blockdev: QEMU generates the node names.</summary>
    public bool Legacy { get; init; }

    /// <summary>Whether a guest device uses it.</summary>
    public bool Attached { get; init; } = true;

    /// <summary>Whether the device has an id (vd-NAME).</summary>
    public bool HasDeviceId { get; init; } = true;

    /// <summary>Read-only node and device.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>The device runs in an iothread of its own.</summary>
    public bool IoThread { get; init; }

    /// <summary>The device shares its disk with other writers: share-rw=on.</summary>
    public bool Shared { get; init; }

    /// <summary>What the device does about a write that fails (werror), or null for QEMU's default.</summary>
    public string? ErrorPolicy { get; init; }

    /// <summary>A throttle filter (NAME-throttle, unlimited in practice) between the device and the format node.</summary>
    public bool ThrottleFilter { get; init; }

    /// <summary>What the disk holds at the beginning; zeroes after its end.</summary>
    public byte[] InitialContent { get; init; } = [];

    /// <summary>An image to start from (copied), instead of a fresh one; format and size have to fit.</summary>
    public string? Template { get; init; }

    /// <summary>A qcow2 image that holds nothing itself: <see cref="InitialContent"/> is in a raw file of the disk's size below it.</summary>
    public bool OnBacking { get; init; }

    /// <summary>The driver of the format node.</summary>
    public string Driver => Format == DiskFormat.Raw ? "raw" : "qcow2";

    /// <summary>The node that carries the bitmaps, null where QEMU generates the name.</summary>
    public string? Node => Legacy ? null : NodeName ?? Name;

    /// <summary>Id of the -drive of a legacy disk.</summary>
    public string? DriveId => Legacy ? "drv-" + Name : null;

    /// <summary>Id of the guest device, or null.</summary>
    public string? DeviceId => Attached && HasDeviceId ? "vd-" + Name : null;
}
