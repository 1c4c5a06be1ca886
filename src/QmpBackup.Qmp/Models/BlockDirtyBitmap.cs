using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>A dirty bitmap of a node (QAPI <c>BlockDirtyBitmap</c>, QEMU 2.4).</summary>
public sealed record BlockDirtyBitmap
{
    /// <summary>The name of the node, or of the device.</summary>
    [JsonPropertyName("node")]
    public required string Node { get; init; }

    /// <summary>The name of the bitmap.</summary>
    [JsonPropertyName("name")]
    public required string Name { get; init; }
}

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

/// <summary>The arguments of <c>block-dirty-bitmap-merge</c> (QAPI <c>BlockDirtyBitmapMerge</c>, QEMU 4.0).</summary>
public sealed record BlockDirtyBitmapMerge
{
    /// <summary>The name of the node of the target, or of the device.</summary>
    [JsonPropertyName("node")]
    public required string Node { get; init; }

    /// <summary>The name of the bitmap that takes the bits.</summary>
    [JsonPropertyName("target")]
    public required string Target { get; init; }

    /// <summary>
    /// The bitmaps whose bits are taken: on the same node by name, on others with their node (QEMU 4.1). They stay as they are.
    /// </summary>
    [JsonPropertyName("bitmaps")]
    public required IReadOnlyList<BlockDirtyBitmapOrStr> Bitmaps { get; init; }
}

/// <summary>A dirty bitmap as QEMU reports it (QAPI <c>BlockDirtyInfo</c>, QEMU 1.3).</summary>
public sealed record BlockDirtyInfo
{
    /// <summary>The name; null for those that jobs and filters make for themselves.</summary>
    [JsonPropertyName("name")]
    public string? Name { get; init; }

    /// <summary>How many bytes are dirty, in whole granules.</summary>
    [JsonPropertyName("count")]
    public long Count { get; init; }

    /// <summary>How many bytes one bit stands for.</summary>
    [JsonPropertyName("granularity")]
    public long Granularity { get; init; }

    /// <summary>Whether writes are being recorded (QEMU 4.0).</summary>
    [JsonPropertyName("recording")]
    public bool Recording { get; init; }

    /// <summary>Whether a job or an export is using it, so that it cannot be changed (QEMU 4.0).</summary>
    [JsonPropertyName("busy")]
    public bool Busy { get; init; }

    /// <summary>Whether it is stored in the image when QEMU ends (QEMU 4.0).</summary>
    [JsonPropertyName("persistent")]
    public bool Persistent { get; init; }

    /// <summary>
    /// True when it was not stored properly, as after a crash: all that can be done is to remove it. Null for false (QEMU 4.0).
    /// </summary>
    [JsonPropertyName("inconsistent")]
    public bool? Inconsistent { get; init; }

    /// <summary>Whether the bitmap is inconsistent, so that all that can be done is to remove it.</summary>
    [JsonIgnore]
    public bool IsInconsistent => Inconsistent == true;
}
