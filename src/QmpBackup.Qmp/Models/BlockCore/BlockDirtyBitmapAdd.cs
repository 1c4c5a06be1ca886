using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The arguments of <c>block-dirty-bitmap-add</c> (QAPI <c>BlockDirtyBitmapAdd</c>, QEMU 2.4).</summary>
public sealed record BlockDirtyBitmapAdd
{
    /// <summary>The name of the node, or of the device.</summary>
    [JsonPropertyName("node")]
    public required string Node { get; init; }

    /// <summary>The name of the bitmap; at most 1023 bytes, and 255 for a VM that may be migrated.</summary>
    [JsonPropertyName("name")]
    public required string Name { get; init; }

    /// <summary>
    /// How many bytes one bit stands for: a power of two, at least 512. Default the cluster size, within 4 KiB and 64 KiB.
    /// </summary>
    [JsonPropertyName("granularity")]
    public long? Granularity { get; init; }

    /// <summary>Whether it is stored in the image when QEMU ends; default false. Needs qcow2 version 3 (QEMU 2.10).</summary>
    [JsonPropertyName("persistent")]
    public bool? Persistent { get; init; }

    /// <summary>Whether it is made without recording; default false (QEMU 4.0).</summary>
    [JsonPropertyName("disabled")]
    public bool? Disabled { get; init; }
}
