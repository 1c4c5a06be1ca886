using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>A qcow2 image to create in an existing node (QAPI <c>BlockdevCreateOptionsQcow2</c>, QEMU 2.12).</summary>
public sealed record BlockdevCreateOptionsQcow2 : BlockdevCreateOptions
{
    /// <summary><c>qcow2</c>.</summary>
    [JsonPropertyName("driver")]
    [JsonPropertyOrder(-3)]
    public override string Driver => "qcow2";

    /// <summary>The node to format.</summary>
    [JsonPropertyName("file")]
    public required BlockdevRef File { get; init; }

    /// <summary>The virtual size, in bytes.</summary>
    [JsonPropertyName("size")]
    public required long Size { get; init; }

    /// <summary>The version; default v3.</summary>
    [JsonPropertyName("version")]
    public BlockdevQcow2Version? Version { get; init; }

    /// <summary>The name of the backing file to write into the image.</summary>
    [JsonPropertyName("backing-file")]
    public string? BackingFile { get; init; }

    /// <summary>The format of the backing file.</summary>
    [JsonPropertyName("backing-fmt")]
    public string? BackingFormat { get; init; }

    /// <summary>The size of a cluster in bytes; default 64 KiB.</summary>
    [JsonPropertyName("cluster-size")]
    public long? ClusterSize { get; init; }

    /// <summary>The preallocation; default off.</summary>
    [JsonPropertyName("preallocation")]
    public PreallocMode? Preallocation { get; init; }

    /// <summary>Whether refcounts are updated lazily; default off.</summary>
    [JsonPropertyName("lazy-refcounts")]
    public bool? LazyRefcounts { get; init; }

    /// <summary>The width of a refcount; default 16.</summary>
    [JsonPropertyName("refcount-bits")]
    public long? RefcountBits { get; init; }

    /// <summary>Whether L2 entries have subclusters; default false (QEMU 5.2).</summary>
    [JsonPropertyName("extended-l2")]
    public bool? ExtendedL2 { get; init; }

    /// <summary>The node of the external data file (QEMU 4.0).</summary>
    [JsonPropertyName("data-file")]
    public BlockdevRef? DataFile { get; init; }

    /// <summary>Whether the data file is a valid raw image (QEMU 4.0).</summary>
    [JsonPropertyName("data-file-raw")]
    public bool? DataFileRaw { get; init; }

    /// <summary>The compression; default zlib (QEMU 5.1).</summary>
    [JsonPropertyName("compression-type")]
    public Qcow2CompressionType? CompressionType { get; init; }

    internal override void WriteTo(Utf8JsonWriter writer) =>
        JsonSerializer.Serialize(writer, this, QmpJsonContext.Default.BlockdevCreateOptionsQcow2);
}

/// <summary>
/// The version of a qcow2 image (QAPI <c>BlockdevQcow2Version</c>, QEMU 2.12). Other versions of QEMU may know other values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<BlockdevQcow2Version>))]
public readonly record struct BlockdevQcow2Version(string Value) : IQapiString<BlockdevQcow2Version>
{
    /// <summary><c>v2</c>: compatible with QEMU before 1.1. It cannot store bitmaps.</summary>
    public static BlockdevQcow2Version V2 { get; } = new("v2");

    /// <summary><c>v3</c>: the default.</summary>
    public static BlockdevQcow2Version V3 { get; } = new("v3");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static BlockdevQcow2Version IQapiString<BlockdevQcow2Version>.FromString(string value) => new(value);
}

/// <summary>
/// The compression of a qcow2 image (QAPI <c>Qcow2CompressionType</c>, QEMU 5.1). Other versions of QEMU may know other values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<Qcow2CompressionType>))]
public readonly record struct Qcow2CompressionType(string Value) : IQapiString<Qcow2CompressionType>
{
    /// <summary><c>zlib</c>: zlib.</summary>
    public static Qcow2CompressionType Zlib { get; } = new("zlib");

    /// <summary><c>zstd</c>: zstd.</summary>
    public static Qcow2CompressionType Zstd { get; } = new("zstd");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static Qcow2CompressionType IQapiString<Qcow2CompressionType>.FromString(string value) => new(value);
}
