using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The arguments of <c>blockdev-snapshot</c> (QAPI <c>BlockdevSnapshot</c>, QEMU 2.5).</summary>
public sealed record BlockdevSnapshot
{
    /// <summary>The node, or the device, to take a snapshot of.</summary>
    [JsonPropertyName("node")]
    public required string Node { get; init; }

    /// <summary>The node that becomes the overlay. It must not have a backing node yet.</summary>
    [JsonPropertyName("overlay")]
    public required string Overlay { get; init; }
}

/// <summary>The arguments of <c>blockdev-snapshot-sync</c> (QAPI <c>BlockdevSnapshotSync</c>, QEMU 0.14).</summary>
public sealed record BlockdevSnapshotSync
{
    /// <summary>The device to take a snapshot of; either this or the node must be set.</summary>
    [JsonPropertyName("device")]
    public string? Device { get; init; }

    /// <summary>The node to take a snapshot of; either this or the device must be set (QEMU 2.0).</summary>
    [JsonPropertyName("node-name")]
    public string? NodeName { get; init; }

    /// <summary>The file of the overlay.</summary>
    [JsonPropertyName("snapshot-file")]
    public required string SnapshotFile { get; init; }

    /// <summary>The node name of the overlay (QEMU 2.0).</summary>
    [JsonPropertyName("snapshot-node-name")]
    public string? SnapshotNodeName { get; init; }

    /// <summary>The format of the overlay; default qcow2.</summary>
    [JsonPropertyName("format")]
    public string? Format { get; init; }

    /// <summary>Whether the overlay exists or is created; default absolute-paths.</summary>
    [JsonPropertyName("mode")]
    public NewImageMode? Mode { get; init; }
}

/// <summary>The arguments of <c>blockdev-snapshot-internal-sync</c> (QAPI <c>BlockdevSnapshotInternal</c>, QEMU 1.7).</summary>
public sealed record BlockdevSnapshotInternal
{
    /// <summary>The device, or the root node, to take a snapshot of.</summary>
    [JsonPropertyName("device")]
    public required string Device { get; init; }

    /// <summary>The name of the snapshot.</summary>
    [JsonPropertyName("name")]
    public required string Name { get; init; }
}
