using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>A node of the block graph (QAPI <c>BlockDeviceInfo</c>, answer of <c>query-named-block-nodes</c>, QEMU 0.14).</summary>
public sealed record BlockDeviceInfo
{
    /// <summary>The name of the node; it begins with <c>#</c> when QEMU generated it. Null in very old versions.</summary>
    [JsonPropertyName("node-name")]
    public string? NodeName { get; init; }

    /// <summary>The file name, as QEMU writes it.</summary>
    [JsonPropertyName("file")]
    public required string File { get; init; }

    /// <summary>Whether it is read-only.</summary>
    [JsonPropertyName("ro")]
    public bool ReadOnly { get; init; }

    /// <summary>The driver, such as <c>qcow2</c>, <c>raw</c>, <c>file</c>.</summary>
    [JsonPropertyName("drv")]
    public required string Driver { get; init; }

    /// <summary>The image.</summary>
    [JsonPropertyName("image")]
    public required ImageInfo Image { get; init; }

    /// <summary>The dirty bitmaps, with the unnamed bitmaps of jobs and filters; null for none (QEMU 4.2).</summary>
    [JsonPropertyName("dirty-bitmaps")]
    public IReadOnlyList<BlockDirtyInfo>? DirtyBitmaps { get; init; }

    /// <summary>
    /// Whether the node is active: during a migration, only one side may read and write it (QEMU 10.0).
    /// </summary>
    [JsonPropertyName("active")]
    public bool? Active { get; init; }

    /// <summary>The child nodes (QEMU 10.1).</summary>
    [JsonPropertyName("children")]
    public IReadOnlyList<BlockNodeChild>? Children { get; init; }

    /// <summary>The file name of the backing image.</summary>
    [JsonPropertyName("backing_file")]
    public string? BackingFile { get; init; }

    /// <summary>The number of backing images below the node.</summary>
    [JsonPropertyName("backing_file_depth")]
    public long BackingFileDepth { get; init; }

    /// <summary>Whether it is encrypted.</summary>
    [JsonPropertyName("encrypted")]
    public bool Encrypted { get; init; }

    /// <summary>How writes of zeros are treated.</summary>
    [JsonPropertyName("detect_zeroes")]
    public BlockdevDetectZeroesOptions? DetectZeroes { get; init; }

    /// <summary>The cache settings.</summary>
    [JsonPropertyName("cache")]
    public BlockdevCacheInfo? Cache { get; init; }

    /// <summary>The offset in bytes beyond which a write raises <c>BLOCK_WRITE_THRESHOLD</c>; 0 for none.</summary>
    [JsonPropertyName("write_threshold")]
    public long WriteThreshold { get; init; }

    /// <summary>The limit in bytes per second; 0 for none.</summary>
    [JsonPropertyName("bps")]
    public long BytesPerSecond { get; init; }

    /// <summary>The limit of reads in bytes per second; 0 for none.</summary>
    [JsonPropertyName("bps_rd")]
    public long ReadBytesPerSecond { get; init; }

    /// <summary>The limit of writes in bytes per second; 0 for none.</summary>
    [JsonPropertyName("bps_wr")]
    public long WriteBytesPerSecond { get; init; }

    /// <summary>The limit in operations per second; 0 for none.</summary>
    [JsonPropertyName("iops")]
    public long Iops { get; init; }

    /// <summary>The limit of reads in operations per second; 0 for none.</summary>
    [JsonPropertyName("iops_rd")]
    public long ReadIops { get; init; }

    /// <summary>The limit of writes in operations per second; 0 for none.</summary>
    [JsonPropertyName("iops_wr")]
    public long WriteIops { get; init; }

    /// <summary>The throttle group.</summary>
    [JsonPropertyName("group")]
    public string? Group { get; init; }
}

/// <summary>A child of a node (QEMU 10.1).</summary>
public sealed record BlockNodeChild
{
    /// <summary>The name of the role, such as <c>file</c> or <c>backing</c>.</summary>
    [JsonPropertyName("child")]
    public required string Child { get; init; }

    /// <summary>The name of the child node.</summary>
    [JsonPropertyName("node-name")]
    public string? NodeName { get; init; }
}

/// <summary>The limits of a node (QAPI <c>BlockLimitsInfo</c>, QEMU 10.2).</summary>
public sealed record BlockLimitsInfo
{
    /// <summary>The alignment of requests in bytes.</summary>
    [JsonPropertyName("request-alignment")]
    public long RequestAlignment { get; init; }

    /// <summary>The optimal memory alignment, in bytes.</summary>
    [JsonPropertyName("opt-mem-alignment")]
    public long OptMemAlignment { get; init; }

    /// <summary>The minimum memory alignment, in bytes.</summary>
    [JsonPropertyName("min-mem-alignment")]
    public long MinMemAlignment { get; init; }

    /// <summary>The largest request, in bytes; null for no limit.</summary>
    [JsonPropertyName("max-transfer")]
    public long? MaxTransfer { get; init; }

    /// <summary>The optimal request size, in bytes.</summary>
    [JsonPropertyName("opt-transfer")]
    public long? OptTransfer { get; init; }

    /// <summary>The largest discard, in bytes; null for no limit.</summary>
    [JsonPropertyName("max-discard")]
    public long? MaxDiscard { get; init; }

    /// <summary>The alignment of discards in bytes.</summary>
    [JsonPropertyName("discard-alignment")]
    public long? DiscardAlignment { get; init; }
}

/// <summary>The cache settings of a node (QAPI <c>BlockdevCacheInfo</c>, QEMU 2.3).</summary>
public sealed record BlockdevCacheInfo
{
    /// <summary>Whether writes complete before the data is on the disk.</summary>
    [JsonPropertyName("writeback")]
    public bool Writeback { get; init; }

    /// <summary>Whether the cache of the host is bypassed.</summary>
    [JsonPropertyName("direct")]
    public bool Direct { get; init; }

    /// <summary>Whether flushes are ignored.</summary>
    [JsonPropertyName("no-flush")]
    public bool NoFlush { get; init; }
}
