using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>An I/O thread (QAPI <c>IOThreadInfo</c>, answer of <c>query-iothreads</c>, QEMU 2.0).</summary>
public sealed record IOThreadInfo
{
    /// <summary>The id of the iothread object.</summary>
    [JsonPropertyName("id")]
    public required string Id { get; init; }

    /// <summary>The id of the thread in the operating system.</summary>
    [JsonPropertyName("thread-id")]
    public long ThreadId { get; init; }

    /// <summary>The longest busy polling in nanoseconds; 0 for none (QEMU 2.9).</summary>
    [JsonPropertyName("poll-max-ns")]
    public long PollMaxNs { get; init; }

    /// <summary>How fast the polling time grows; 0 for the default (QEMU 2.9).</summary>
    [JsonPropertyName("poll-grow")]
    public long PollGrow { get; init; }

    /// <summary>How fast the polling time shrinks; 0 for the default (QEMU 2.9).</summary>
    [JsonPropertyName("poll-shrink")]
    public long PollShrink { get; init; }

    /// <summary>The most requests in one batch; 0 for the default (QEMU 6.1).</summary>
    [JsonPropertyName("aio-max-batch")]
    public long AioMaxBatch { get; init; }
}
