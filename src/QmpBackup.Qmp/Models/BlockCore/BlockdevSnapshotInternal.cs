using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The data of <c>blockdev-snapshot-internal-sync</c> (QAPI <c>BlockdevSnapshotInternal</c>, QEMU 1.7).</summary>
public sealed record BlockdevSnapshotInternal
{
    /// <summary>The device, or the root node, to take a snapshot of.</summary>
    [JsonPropertyName("device")]
    public required string Device { get; init; }

    /// <summary>The name of the snapshot.</summary>
    [JsonPropertyName("name")]
    public required string Name { get; init; }
}
