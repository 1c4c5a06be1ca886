using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>A node of the block graph (QAPI <c>BlockDeviceInfo</c>, answer of <c>query-named-block-nodes</c>, QEMU 0.14).</summary>
public sealed record BlockDeviceInfo
{
    /// <summary>The name of the node; it begins with <c>#</c> when QEMU made it up. Null on very old versions.</summary>
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

    /// <summary>The dirty bitmaps, nameless ones of jobs and filters among them; null for none (QEMU 4.2).</summary>
    [JsonPropertyName("dirty-bitmaps")]
    public IReadOnlyList<BlockDirtyInfo>? DirtyBitmaps { get; init; }

    /// <summary>
    /// Whether it is active, that is may be read and written here rather than on the other side of a migration (QEMU 10.0).
    /// </summary>
    [JsonPropertyName("active")]
    public bool? Active { get; init; }

    /// <summary>The child nodes (QEMU 10.1).</summary>
    [JsonPropertyName("children")]
    public IReadOnlyList<BlockNodeChild>? Children { get; init; }

    /// <summary>The file name of the backing image.</summary>
    [JsonPropertyName("backing_file")]
    public string? BackingFile { get; init; }

    /// <summary>How many images lie in the chain below it.</summary>
    [JsonPropertyName("backing_file_depth")]
    public long BackingFileDepth { get; init; }

    /// <summary>Whether it is encrypted.</summary>
    [JsonPropertyName("encrypted")]
    public bool Encrypted { get; init; }

    /// <summary>What happens to writes of zeros.</summary>
    [JsonPropertyName("detect_zeroes")]
    public BlockdevDetectZeroesOptions? DetectZeroes { get; init; }

    /// <summary>How it caches.</summary>
    [JsonPropertyName("cache")]
    public BlockdevCacheInfo? Cache { get; init; }

    /// <summary>The offset in bytes beyond which a write raises <c>BLOCK_WRITE_THRESHOLD</c>; 0 for none.</summary>
    [JsonPropertyName("write_threshold")]
    public long WriteThreshold { get; init; }

    /// <summary>The limit in bytes a second; 0 for none.</summary>
    [JsonPropertyName("bps")]
    public long BytesPerSecond { get; init; }

    /// <summary>The limit of reads in bytes a second; 0 for none.</summary>
    [JsonPropertyName("bps_rd")]
    public long ReadBytesPerSecond { get; init; }

    /// <summary>The limit of writes in bytes a second; 0 for none.</summary>
    [JsonPropertyName("bps_wr")]
    public long WriteBytesPerSecond { get; init; }

    /// <summary>The limit in operations a second; 0 for none.</summary>
    [JsonPropertyName("iops")]
    public long Iops { get; init; }

    /// <summary>The limit of reads in operations a second; 0 for none.</summary>
    [JsonPropertyName("iops_rd")]
    public long ReadIops { get; init; }

    /// <summary>The limit of writes in operations a second; 0 for none.</summary>
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

    /// <summary>The best alignment of memory in bytes.</summary>
    [JsonPropertyName("opt-mem-alignment")]
    public long OptMemAlignment { get; init; }

    /// <summary>The least alignment of memory in bytes.</summary>
    [JsonPropertyName("min-mem-alignment")]
    public long MinMemAlignment { get; init; }

    /// <summary>The most bytes of one request; null for no limit.</summary>
    [JsonPropertyName("max-transfer")]
    public long? MaxTransfer { get; init; }

    /// <summary>The best size of a request in bytes.</summary>
    [JsonPropertyName("opt-transfer")]
    public long? OptTransfer { get; init; }

    /// <summary>The most bytes of one discard; null for no limit.</summary>
    [JsonPropertyName("max-discard")]
    public long? MaxDiscard { get; init; }

    /// <summary>The alignment of discards in bytes.</summary>
    [JsonPropertyName("discard-alignment")]
    public long? DiscardAlignment { get; init; }
}

/// <summary>How a node caches (QAPI <c>BlockdevCacheInfo</c>, QEMU 2.3).</summary>
public sealed record BlockdevCacheInfo
{
    /// <summary>Whether writes are answered before they are on the disk.</summary>
    [JsonPropertyName("writeback")]
    public bool Writeback { get; init; }

    /// <summary>Whether the cache of the host is bypassed.</summary>
    [JsonPropertyName("direct")]
    public bool Direct { get; init; }

    /// <summary>Whether flushes are ignored.</summary>
    [JsonPropertyName("no-flush")]
    public bool NoFlush { get; init; }
}
