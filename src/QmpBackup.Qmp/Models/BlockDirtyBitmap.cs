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
    /// The granularity: bytes per bit, a power of two, at least 512. Default: the cluster size, between 4 KiB and 64 KiB.
    /// </summary>
    [JsonPropertyName("granularity")]
    public long? Granularity { get; init; }

    /// <summary>Whether the bitmap is stored in the image when QEMU exits; default false. Needs qcow2 version 3 (QEMU 2.10).</summary>
    [JsonPropertyName("persistent")]
    public bool? Persistent { get; init; }

    /// <summary>Whether the bitmap is created disabled; default false (QEMU 4.0).</summary>
    [JsonPropertyName("disabled")]
    public bool? Disabled { get; init; }
}

/// <summary>The arguments of <c>block-dirty-bitmap-merge</c> (QAPI <c>BlockDirtyBitmapMerge</c>, QEMU 4.0).</summary>
public sealed record BlockDirtyBitmapMerge
{
    /// <summary>The name of the node of the target, or of the device.</summary>
    [JsonPropertyName("node")]
    public required string Node { get; init; }

    /// <summary>The name of the target bitmap.</summary>
    [JsonPropertyName("target")]
    public required string Target { get; init; }

    /// <summary>
    /// The source bitmaps: on the same node by name, on other nodes with their node (QEMU 4.1). They do not change.
    /// </summary>
    [JsonPropertyName("bitmaps")]
    public required IReadOnlyList<BlockDirtyBitmapOrStr> Bitmaps { get; init; }
}

/// <summary>A dirty bitmap as QEMU reports it (QAPI <c>BlockDirtyInfo</c>, QEMU 1.3).</summary>
public sealed record BlockDirtyInfo
{
    /// <summary>The name; null for bitmaps that jobs and filters use internally.</summary>
    [JsonPropertyName("name")]
    public string? Name { get; init; }

    /// <summary>The dirty bytes, rounded up to the granularity.</summary>
    [JsonPropertyName("count")]
    public long Count { get; init; }

    /// <summary>The granularity: bytes per bit.</summary>
    [JsonPropertyName("granularity")]
    public long Granularity { get; init; }

    /// <summary>Whether the bitmap records writes (QEMU 4.0).</summary>
    [JsonPropertyName("recording")]
    public bool Recording { get; init; }

    /// <summary>Whether a job or an export uses the bitmap, so that it cannot be changed (QEMU 4.0).</summary>
    [JsonPropertyName("busy")]
    public bool Busy { get; init; }

    /// <summary>Whether the bitmap is stored in the image when QEMU exits (QEMU 4.0).</summary>
    [JsonPropertyName("persistent")]
    public bool Persistent { get; init; }

    /// <summary>
    /// True when the bitmap was not stored properly, such as after a crash. It can then only be removed. Null for false (QEMU 4.0).
    /// </summary>
    [JsonPropertyName("inconsistent")]
    public bool? Inconsistent { get; init; }

    /// <summary>Whether the bitmap is inconsistent. It can then only be removed.</summary>
    [JsonIgnore]
    public bool IsInconsistent => Inconsistent == true;
}
