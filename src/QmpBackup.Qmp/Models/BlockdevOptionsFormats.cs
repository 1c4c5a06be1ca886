using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>A qcow2 image (QAPI <c>BlockdevOptionsQcow2</c>).</summary>
public sealed record BlockdevOptionsQcow2 : BlockdevOptions
{
    /// <summary><c>qcow2</c>.</summary>
    [JsonPropertyName("driver")]
    [JsonPropertyOrder(-3)]
    public override string Driver => "qcow2";

    /// <summary>The node with the file.</summary>
    [JsonPropertyName("file")]
    public required BlockdevRef File { get; init; }

    /// <summary>
    /// The backing node; <see cref="BlockdevRefOrNull.Null"/> for none; null for the backing file that is named in the image.
    /// </summary>
    [JsonPropertyName("backing")]
    public BlockdevRefOrNull? Backing { get; init; }

    /// <summary>Whether refcounts are updated lazily.</summary>
    [JsonPropertyName("lazy-refcounts")]
    public bool? LazyRefcounts { get; init; }

    /// <summary>Whether discards of the guest are passed on.</summary>
    [JsonPropertyName("pass-discard-request")]
    public bool? PassDiscardRequest { get; init; }

    /// <summary>Whether deleting a snapshot discards.</summary>
    [JsonPropertyName("pass-discard-snapshot")]
    public bool? PassDiscardSnapshot { get; init; }

    /// <summary>Whether freeing clusters in other cases discards.</summary>
    [JsonPropertyName("pass-discard-other")]
    public bool? PassDiscardOther { get; init; }

    /// <summary>Whether discarded clusters stay allocated (QEMU 8.1).</summary>
    [JsonPropertyName("discard-no-unref")]
    public bool? DiscardNoUnref { get; init; }

    /// <summary>The size of all metadata caches in bytes.</summary>
    [JsonPropertyName("cache-size")]
    public long? CacheSize { get; init; }

    /// <summary>The size of the L2 cache in bytes.</summary>
    [JsonPropertyName("l2-cache-size")]
    public long? L2CacheSize { get; init; }

    /// <summary>The size of the refcount cache in bytes.</summary>
    [JsonPropertyName("refcount-cache-size")]
    public long? RefcountCacheSize { get; init; }

    /// <summary>The node of the external data file (QEMU 4.0).</summary>
    [JsonPropertyName("data-file")]
    public BlockdevRef? DataFile { get; init; }

    internal override void WriteTo(Utf8JsonWriter writer) =>
        JsonSerializer.Serialize(writer, this, QmpJsonContext.Default.BlockdevOptionsQcow2);
}

/// <summary>A raw image, or a part of one (QAPI <c>BlockdevOptionsRaw</c>).</summary>
public sealed record BlockdevOptionsRaw : BlockdevOptions
{
    /// <summary><c>raw</c>.</summary>
    [JsonPropertyName("driver")]
    [JsonPropertyOrder(-3)]
    public override string Driver => "raw";

    /// <summary>The node below.</summary>
    [JsonPropertyName("file")]
    public required BlockdevRef File { get; init; }

    /// <summary>The offset of the first byte.</summary>
    [JsonPropertyName("offset")]
    public long? Offset { get; init; }

    /// <summary>Its size in bytes; default the rest.</summary>
    [JsonPropertyName("size")]
    public long? Size { get; init; }

    internal override void WriteTo(Utf8JsonWriter writer) =>
        JsonSerializer.Serialize(writer, this, QmpJsonContext.Default.BlockdevOptionsRaw);
}
