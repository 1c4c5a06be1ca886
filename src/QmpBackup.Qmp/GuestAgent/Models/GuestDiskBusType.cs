using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The kind of bus that a disk hangs on (QGA <c>GuestDiskBusType</c>, QEMU 2.2). Other versions may know other values.</summary>
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

    /// <summary><c>unknown</c>: the agent cannot tell.</summary>
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

    /// <summary><c>file-backed-virtual</c>: a file as a disk.</summary>
    public static GuestDiskBusType FileBackedVirtual { get; } = new("file-backed-virtual");

    /// <summary><c>nvme</c>: NVMe.</summary>
    public static GuestDiskBusType Nvme { get; } = new("nvme");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static GuestDiskBusType IQapiString<GuestDiskBusType>.FromString(string value) => new(value);
}
