using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>An I/O thread (QAPI <c>IothreadProperties</c>, QEMU 2.0).</summary>
public sealed record ObjectOptionsIothread : ObjectOptions
{
    /// <summary><c>iothread</c>.</summary>
    [JsonPropertyName("qom-type")]
    [JsonPropertyOrder(-3)]
    public override string QomType => "iothread";

    /// <summary>The longest busy polling in nanoseconds; 0 for none.</summary>
    [JsonPropertyName("poll-max-ns")]
    public long? PollMaxNs { get; init; }

    /// <summary>How fast the polling time grows.</summary>
    [JsonPropertyName("poll-grow")]
    public long? PollGrow { get; init; }

    /// <summary>How fast the polling time shrinks.</summary>
    [JsonPropertyName("poll-shrink")]
    public long? PollShrink { get; init; }

    /// <summary>The maximum number of requests in one batch (QEMU 6.1).</summary>
    [JsonPropertyName("aio-max-batch")]
    public long? AioMaxBatch { get; init; }

    /// <summary>The minimum number of threads in its pool (QEMU 7.1).</summary>
    [JsonPropertyName("thread-pool-min")]
    public long? ThreadPoolMin { get; init; }

    /// <summary>The maximum number of threads in its pool (QEMU 7.1).</summary>
    [JsonPropertyName("thread-pool-max")]
    public long? ThreadPoolMax { get; init; }

    internal override void WriteTo(Utf8JsonWriter writer) =>
        JsonSerializer.Serialize(writer, this, QmpJsonContext.Default.ObjectOptionsIothread);
}

/// <summary>A group of nodes that share limits (QAPI <c>ThrottleGroupProperties</c>, QEMU 2.11).</summary>
public sealed record ObjectOptionsThrottleGroup : ObjectOptions
{
    /// <summary><c>throttle-group</c>.</summary>
    [JsonPropertyName("qom-type")]
    [JsonPropertyOrder(-3)]
    public override string QomType => "throttle-group";

    /// <summary>The limits.</summary>
    [JsonPropertyName("limits")]
    public ThrottleLimits? Limits { get; init; }

    internal override void WriteTo(Utf8JsonWriter writer) =>
        JsonSerializer.Serialize(writer, this, QmpJsonContext.Default.ObjectOptionsThrottleGroup);
}

/// <summary>Limits of a throttle group (QAPI <c>ThrottleLimits</c>, QEMU 2.11).</summary>
public sealed record ThrottleLimits
{
    /// <summary>I/O operations per second, reads and writes together.</summary>
    [JsonPropertyName("iops-total")]
    public long? IopsTotal { get; init; }

    /// <summary>I/O operations per second, reads and writes together, in bursts.</summary>
    [JsonPropertyName("iops-total-max")]
    public long? IopsTotalMax { get; init; }

    /// <summary>I/O operations per second, reads and writes together: the longest burst in seconds.</summary>
    [JsonPropertyName("iops-total-max-length")]
    public long? IopsTotalMaxLength { get; init; }

    /// <summary>I/O operations per second, reads.</summary>
    [JsonPropertyName("iops-read")]
    public long? IopsRead { get; init; }

    /// <summary>I/O operations per second, reads, in bursts.</summary>
    [JsonPropertyName("iops-read-max")]
    public long? IopsReadMax { get; init; }

    /// <summary>I/O operations per second, reads: the longest burst in seconds.</summary>
    [JsonPropertyName("iops-read-max-length")]
    public long? IopsReadMaxLength { get; init; }

    /// <summary>I/O operations per second, writes.</summary>
    [JsonPropertyName("iops-write")]
    public long? IopsWrite { get; init; }

    /// <summary>I/O operations per second, writes, in bursts.</summary>
    [JsonPropertyName("iops-write-max")]
    public long? IopsWriteMax { get; init; }

    /// <summary>I/O operations per second, writes: the longest burst in seconds.</summary>
    [JsonPropertyName("iops-write-max-length")]
    public long? IopsWriteMaxLength { get; init; }

    /// <summary>Bytes per second, reads and writes together.</summary>
    [JsonPropertyName("bps-total")]
    public long? BpsTotal { get; init; }

    /// <summary>Bytes per second, reads and writes together, in bursts.</summary>
    [JsonPropertyName("bps-total-max")]
    public long? BpsTotalMax { get; init; }

    /// <summary>Bytes per second, reads and writes together: the longest burst in seconds.</summary>
    [JsonPropertyName("bps-total-max-length")]
    public long? BpsTotalMaxLength { get; init; }

    /// <summary>Bytes per second, reads.</summary>
    [JsonPropertyName("bps-read")]
    public long? BpsRead { get; init; }

    /// <summary>Bytes per second, reads, in bursts.</summary>
    [JsonPropertyName("bps-read-max")]
    public long? BpsReadMax { get; init; }

    /// <summary>Bytes per second, reads: the longest burst in seconds.</summary>
    [JsonPropertyName("bps-read-max-length")]
    public long? BpsReadMaxLength { get; init; }

    /// <summary>Bytes per second, writes.</summary>
    [JsonPropertyName("bps-write")]
    public long? BpsWrite { get; init; }

    /// <summary>Bytes per second, writes, in bursts.</summary>
    [JsonPropertyName("bps-write-max")]
    public long? BpsWriteMax { get; init; }

    /// <summary>Bytes per second, writes: the longest burst in seconds.</summary>
    [JsonPropertyName("bps-write-max-length")]
    public long? BpsWriteMaxLength { get; init; }

    /// <summary>The largest size that counts as one operation, in bytes.</summary>
    [JsonPropertyName("iops-size")]
    public long? IopsSize { get; init; }
}
