using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>An image (QAPI <c>ImageInfo</c>, QEMU 1.3).</summary>
public sealed record ImageInfo
{
    /// <summary>The file name, as QEMU writes it.</summary>
    [JsonPropertyName("filename")]
    public required string Filename { get; init; }

    /// <summary>The format, such as <c>qcow2</c> or <c>raw</c>.</summary>
    [JsonPropertyName("format")]
    public required string Format { get; init; }

    /// <summary>The virtual size, in bytes.</summary>
    [JsonPropertyName("virtual-size")]
    public required long VirtualSize { get; init; }

    /// <summary>The allocated bytes on the host.</summary>
    [JsonPropertyName("actual-size")]
    public long? ActualSize { get; init; }

    /// <summary>The size of a cluster in bytes.</summary>
    [JsonPropertyName("cluster-size")]
    public long? ClusterSize { get; init; }

    /// <summary>Whether the image was not closed properly.</summary>
    [JsonPropertyName("dirty-flag")]
    public bool? DirtyFlag { get; init; }

    /// <summary>Whether it is encrypted.</summary>
    [JsonPropertyName("encrypted")]
    public bool? Encrypted { get; init; }

    /// <summary>Whether it is compressed.</summary>
    [JsonPropertyName("compressed")]
    public bool? Compressed { get; init; }

    /// <summary>The file name of the backing image, as it is written in the image.</summary>
    [JsonPropertyName("backing-filename")]
    public string? BackingFilename { get; init; }

    /// <summary>The whole file name of the backing image.</summary>
    [JsonPropertyName("full-backing-filename")]
    public string? FullBackingFilename { get; init; }

    /// <summary>The format of the backing image.</summary>
    [JsonPropertyName("backing-filename-format")]
    public string? BackingFilenameFormat { get; init; }

    /// <summary>The backing image; null when it was left out (<c>flat</c>).</summary>
    [JsonPropertyName("backing-image")]
    public ImageInfo? BackingImage { get; init; }

    /// <summary>The internal snapshots.</summary>
    [JsonPropertyName("snapshots")]
    public IReadOnlyList<SnapshotInfo>? Snapshots { get; init; }

    /// <summary>The limits of the driver (QEMU 10.2).</summary>
    [JsonPropertyName("limits")]
    public BlockLimitsInfo? Limits { get; init; }

    /// <summary>Data of this format only: an object with <c>type</c> and <c>data</c>.</summary>
    [JsonPropertyName("format-specific")]
    public JsonElement? FormatSpecific { get; init; }
}

/// <summary>An internal snapshot (QAPI <c>SnapshotInfo</c>, QEMU 1.3).</summary>
public sealed record SnapshotInfo
{
    /// <summary>The id.</summary>
    [JsonPropertyName("id")]
    public required string Id { get; init; }

    /// <summary>The name.</summary>
    [JsonPropertyName("name")]
    public required string Name { get; init; }

    /// <summary>The size of the state of the VM in bytes.</summary>
    [JsonPropertyName("vm-state-size")]
    public long VmStateSize { get; init; }

    /// <summary>When it was taken, in seconds since 1970.</summary>
    [JsonPropertyName("date-sec")]
    public long DateSec { get; init; }

    /// <summary>The nanoseconds part.</summary>
    [JsonPropertyName("date-nsec")]
    public long DateNsec { get; init; }

    /// <summary>The VM time of the snapshot, in seconds.</summary>
    [JsonPropertyName("vm-clock-sec")]
    public long VmClockSec { get; init; }

    /// <summary>The nanoseconds part.</summary>
    [JsonPropertyName("vm-clock-nsec")]
    public long VmClockNsec { get; init; }

    /// <summary>The number of executed instructions (QEMU 5.2).</summary>
    [JsonPropertyName("icount")]
    public long? Icount { get; init; }
}
