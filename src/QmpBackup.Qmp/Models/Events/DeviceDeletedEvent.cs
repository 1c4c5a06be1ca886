using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The data of <c>DEVICE_DELETED</c> (QEMU 1.5).</summary>
public sealed record DeviceDeletedEvent
{
    /// <summary>The id of the device, or null when it had none.</summary>
    [JsonPropertyName("device")]
    public string? Device { get; init; }

    /// <summary>Its QOM path.</summary>
    [JsonPropertyName("path")]
    public required string Path { get; init; }
}
