using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>Limits of a throttle group (QAPI <c>ThrottleLimits</c>, QEMU 2.11).</summary>
public sealed record ThrottleLimits
{
    /// <summary>I/O operations a second, reads and writes together.</summary>
    [JsonPropertyName("iops-total")]
    public long? IopsTotal { get; init; }

    /// <summary>I/O operations a second, reads and writes together, in bursts.</summary>
    [JsonPropertyName("iops-total-max")]
    public long? IopsTotalMax { get; init; }

    /// <summary>I/O operations a second, reads and writes together: the longest burst in seconds.</summary>
    [JsonPropertyName("iops-total-max-length")]
    public long? IopsTotalMaxLength { get; init; }

    /// <summary>I/O operations a second, reads.</summary>
    [JsonPropertyName("iops-read")]
    public long? IopsRead { get; init; }

    /// <summary>I/O operations a second, reads, in bursts.</summary>
    [JsonPropertyName("iops-read-max")]
    public long? IopsReadMax { get; init; }

    /// <summary>I/O operations a second, reads: the longest burst in seconds.</summary>
    [JsonPropertyName("iops-read-max-length")]
    public long? IopsReadMaxLength { get; init; }

    /// <summary>I/O operations a second, writes.</summary>
    [JsonPropertyName("iops-write")]
    public long? IopsWrite { get; init; }

    /// <summary>I/O operations a second, writes, in bursts.</summary>
    [JsonPropertyName("iops-write-max")]
    public long? IopsWriteMax { get; init; }

    /// <summary>I/O operations a second, writes: the longest burst in seconds.</summary>
    [JsonPropertyName("iops-write-max-length")]
    public long? IopsWriteMaxLength { get; init; }

    /// <summary>Bytes a second, reads and writes together.</summary>
    [JsonPropertyName("bps-total")]
    public long? BpsTotal { get; init; }

    /// <summary>Bytes a second, reads and writes together, in bursts.</summary>
    [JsonPropertyName("bps-total-max")]
    public long? BpsTotalMax { get; init; }

    /// <summary>Bytes a second, reads and writes together: the longest burst in seconds.</summary>
    [JsonPropertyName("bps-total-max-length")]
    public long? BpsTotalMaxLength { get; init; }

    /// <summary>Bytes a second, reads.</summary>
    [JsonPropertyName("bps-read")]
    public long? BpsRead { get; init; }

    /// <summary>Bytes a second, reads, in bursts.</summary>
    [JsonPropertyName("bps-read-max")]
    public long? BpsReadMax { get; init; }

    /// <summary>Bytes a second, reads: the longest burst in seconds.</summary>
    [JsonPropertyName("bps-read-max-length")]
    public long? BpsReadMaxLength { get; init; }

    /// <summary>Bytes a second, writes.</summary>
    [JsonPropertyName("bps-write")]
    public long? BpsWrite { get; init; }

    /// <summary>Bytes a second, writes, in bursts.</summary>
    [JsonPropertyName("bps-write-max")]
    public long? BpsWriteMax { get; init; }

    /// <summary>Bytes a second, writes: the longest burst in seconds.</summary>
    [JsonPropertyName("bps-write-max-length")]
    public long? BpsWriteMaxLength { get; init; }

    /// <summary>The size in bytes up to which an operation counts as one.</summary>
    [JsonPropertyName("iops-size")]
    public long? IopsSize { get; init; }
}
