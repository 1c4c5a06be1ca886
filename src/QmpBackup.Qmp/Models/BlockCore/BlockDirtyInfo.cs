using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

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
