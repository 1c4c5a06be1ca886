using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>A device of the VM and what is in it (QAPI <c>BlockInfo</c>, answer of <c>query-block</c>, QEMU 0.14).</summary>
public sealed record BlockInfo
{
    /// <summary>The name of the drive; empty for a device made with <c>-blockdev</c>.</summary>
    [JsonPropertyName("device")]
    public required string Device { get; init; }

    /// <summary>The QOM path or the id of the device (QEMU 2.10).</summary>
    [JsonPropertyName("qdev")]
    public string? QDev { get; init; }

    /// <summary>No longer of use: always <c>unknown</c>.</summary>
    [JsonPropertyName("type")]
    public string? Type { get; init; }

    /// <summary>Whether it takes removable media.</summary>
    [JsonPropertyName("removable")]
    public bool Removable { get; init; }

    /// <summary>Whether the guest has locked the medium.</summary>
    [JsonPropertyName("locked")]
    public bool Locked { get; init; }

    /// <summary>What is in it, or null for nothing. While a backup job runs this is the filter of the job.</summary>
    [JsonPropertyName("inserted")]
    public BlockDeviceInfo? Inserted { get; init; }

    /// <summary>Whether its tray is open; null when it has none.</summary>
    [JsonPropertyName("tray_open")]
    public bool? TrayOpen { get; init; }

    /// <summary>How the last I/O operation went, where the device stops the VM on errors.</summary>
    [JsonPropertyName("io-status")]
    public BlockDeviceIoStatus? IOStatus { get; init; }
}
