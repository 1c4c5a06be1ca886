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

    /// <summary>The most requests in one batch (QEMU 6.1).</summary>
    [JsonPropertyName("aio-max-batch")]
    public long? AioMaxBatch { get; init; }

    /// <summary>The fewest threads of its pool (QEMU 7.1).</summary>
    [JsonPropertyName("thread-pool-min")]
    public long? ThreadPoolMin { get; init; }

    /// <summary>The most threads of its pool (QEMU 7.1).</summary>
    [JsonPropertyName("thread-pool-max")]
    public long? ThreadPoolMax { get; init; }

    internal override void WriteTo(Utf8JsonWriter writer) =>
        JsonSerializer.Serialize(writer, this, QmpJsonContext.Default.ObjectOptionsIothread);
}
