using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>A mounted file system (QGA <c>GuestFilesystemInfo</c>, answer of <c>guest-get-fsinfo</c>, QEMU 2.2).</summary>
public sealed record GuestFilesystemInfo
{
    /// <summary>The name of the device in the guest, such as <c>vda1</c>.</summary>
    [JsonPropertyName("name")]
    public required string Name { get; init; }

    /// <summary>The mount point. The guest controls this text: never use it as a path on the host.</summary>
    [JsonPropertyName("mountpoint")]
    public required string Mountpoint { get; init; }

    /// <summary>The type of the file system, such as <c>ext4</c>.</summary>
    [JsonPropertyName("type")]
    public required string Type { get; init; }

    /// <summary>The used bytes (QEMU 3.0).</summary>
    [JsonPropertyName("used-bytes")]
    public ulong? UsedBytes { get; init; }

    /// <summary>The size for users without privileges, in bytes (QEMU 3.0).</summary>
    [JsonPropertyName("total-bytes")]
    public ulong? TotalBytes { get; init; }

    /// <summary>The full size, in bytes (QEMU 9.1).</summary>
    [JsonPropertyName("total-bytes-privileged")]
    public ulong? TotalBytesPrivileged { get; init; }

    /// <summary>The disks of the file system, when the agent knows them.</summary>
    [JsonPropertyName("disk")]
    public IReadOnlyList<GuestDiskAddress>? Disk { get; init; }
}

/// <summary>The address of a disk in the guest (QGA <c>GuestDiskAddress</c>, QEMU 2.2).</summary>
public sealed record GuestDiskAddress
{
    /// <summary>The PCI address of its controller; all members are -1 when it has none.</summary>
    [JsonPropertyName("pci-controller")]
    public GuestPCIAddress? PciController { get; init; }

    /// <summary>The type of the bus.</summary>
    [JsonPropertyName("bus-type")]
    public required GuestDiskBusType BusType { get; init; }

    /// <summary>The number of the bus.</summary>
    [JsonPropertyName("bus")]
    public long Bus { get; init; }

    /// <summary>The target on the bus.</summary>
    [JsonPropertyName("target")]
    public long Target { get; init; }

    /// <summary>The unit of the target.</summary>
    [JsonPropertyName("unit")]
    public long Unit { get; init; }

    /// <summary>The serial number, the <c>serial</c> property of the device in QEMU (QEMU 3.1).</summary>
    [JsonPropertyName("serial")]
    public string? Serial { get; init; }

    /// <summary>The device node in the guest, such as <c>/dev/vda1</c> (QEMU 3.1).</summary>
    [JsonPropertyName("dev")]
    public string? Dev { get; init; }
}

/// <summary>A PCI address in the guest (QGA <c>GuestPCIAddress</c>, QEMU 2.2).</summary>
public sealed record GuestPCIAddress
{
    /// <summary>The domain.</summary>
    [JsonPropertyName("domain")]
    public long Domain { get; init; }

    /// <summary>The bus.</summary>
    [JsonPropertyName("bus")]
    public long Bus { get; init; }

    /// <summary>The slot.</summary>
    [JsonPropertyName("slot")]
    public long Slot { get; init; }

    /// <summary>The function.</summary>
    [JsonPropertyName("function")]
    public long Function { get; init; }
}

/// <summary>The type of a disk bus (QGA <c>GuestDiskBusType</c>, QEMU 2.2). Other versions may know other values.</summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<GuestDiskBusType>))]
public readonly record struct GuestDiskBusType(string Value) : IQapiString<GuestDiskBusType>
{
    /// <summary><c>ide</c>: IDE.</summary>
    public static GuestDiskBusType Ide { get; } = new("ide");

    /// <summary><c>fdc</c>: a floppy controller.</summary>
    public static GuestDiskBusType Fdc { get; } = new("fdc");

    /// <summary><c>scsi</c>: SCSI.</summary>
    public static GuestDiskBusType Scsi { get; } = new("scsi");

    /// <summary><c>virtio</c>: virtio.</summary>
    public static GuestDiskBusType Virtio { get; } = new("virtio");

    /// <summary><c>xen</c>: Xen.</summary>
    public static GuestDiskBusType Xen { get; } = new("xen");

    /// <summary><c>usb</c>: USB.</summary>
    public static GuestDiskBusType Usb { get; } = new("usb");

    /// <summary><c>uml</c>: user-mode Linux.</summary>
    public static GuestDiskBusType Uml { get; } = new("uml");

    /// <summary><c>sata</c>: SATA.</summary>
    public static GuestDiskBusType Sata { get; } = new("sata");

    /// <summary><c>sd</c>: an SD card.</summary>
    public static GuestDiskBusType SD { get; } = new("sd");

    /// <summary><c>unknown</c>: the agent does not know the type.</summary>
    public static GuestDiskBusType Unknown { get; } = new("unknown");

    /// <summary><c>ieee1394</c>: IEEE 1394.</summary>
    public static GuestDiskBusType Ieee1394 { get; } = new("ieee1394");

    /// <summary><c>ssa</c>: SSA.</summary>
    public static GuestDiskBusType Ssa { get; } = new("ssa");

    /// <summary><c>fibre</c>: Fibre Channel.</summary>
    public static GuestDiskBusType Fibre { get; } = new("fibre");

    /// <summary><c>raid</c>: RAID.</summary>
    public static GuestDiskBusType Raid { get; } = new("raid");

    /// <summary><c>iscsi</c>: iSCSI.</summary>
    public static GuestDiskBusType Iscsi { get; } = new("iscsi");

    /// <summary><c>sas</c>: SAS.</summary>
    public static GuestDiskBusType Sas { get; } = new("sas");

    /// <summary><c>mmc</c>: a multimedia card.</summary>
    public static GuestDiskBusType Mmc { get; } = new("mmc");

    /// <summary><c>virtual</c>: virtual.</summary>
    public static GuestDiskBusType Virtual { get; } = new("virtual");

    /// <summary><c>file-backed-virtual</c>: a virtual disk in a file.</summary>
    public static GuestDiskBusType FileBackedVirtual { get; } = new("file-backed-virtual");

    /// <summary><c>nvme</c>: NVMe.</summary>
    public static GuestDiskBusType Nvme { get; } = new("nvme");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static GuestDiskBusType IQapiString<GuestDiskBusType>.FromString(string value) => new(value);
}
