using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>Where a disk is attached, as the guest sees it (QGA <c>GuestDiskAddress</c>, QEMU 2.2).</summary>
public sealed record GuestDiskAddress
{
    /// <summary>The PCI address of its controller; all members -1 when it has none.</summary>
    [JsonPropertyName("pci-controller")]
    public GuestPCIAddress? PciController { get; init; }

    /// <summary>The kind of its bus.</summary>
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

    /// <summary>The serial number, as QEMU's <c>serial</c> property of the device gives it (QEMU 3.1).</summary>
    [JsonPropertyName("serial")]
    public string? Serial { get; init; }

    /// <summary>The device node in the guest, such as <c>/dev/vda1</c> (QEMU 3.1).</summary>
    [JsonPropertyName("dev")]
    public string? Dev { get; init; }
}
