using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The UUID of the VM (QAPI <c>UuidInfo</c>, answer of <c>query-uuid</c>, QEMU 0.14).</summary>
public sealed record UuidInfo
{
    /// <summary>The UUID; all zeros when there was no <c>-uuid</c>.</summary>
    [JsonPropertyName("UUID")]
    public required string Uuid { get; init; }

    /// <summary>Whether the VM has a UUID.</summary>
    [JsonIgnore]
    public bool IsSet => Guid.TryParse(Uuid, out var uuid) && uuid != Guid.Empty;
}

/// <summary>The name of the VM (QAPI <c>NameInfo</c>, answer of <c>query-name</c>, QEMU 0.14).</summary>
public sealed record NameInfo
{
    /// <summary>The name given with <c>-name</c>, or null.</summary>
    [JsonPropertyName("name")]
    public string? Name { get; init; }
}

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

    /// <summary>The maximum number of requests in one batch; 0 for the default (QEMU 6.1).</summary>
    [JsonPropertyName("aio-max-batch")]
    public long AioMaxBatch { get; init; }
}

/// <summary>The arguments of <c>human-monitor-command</c> (QEMU 0.14).</summary>
public sealed record HumanMonitorCommandArguments
{
    /// <summary>The command line, as typed at the human monitor.</summary>
    [JsonPropertyName("command-line")]
    public required string CommandLine { get; init; }

    /// <summary>The index of the CPU for the command; null for the first.</summary>
    [JsonPropertyName("cpu-index")]
    public long? CpuIndex { get; init; }

    /// <summary>The arguments, without secrets.</summary>
    /// <returns>The arguments, without secrets.</returns>
    public override string ToString() =>
        PayloadRedactor.Redact(JsonSerializer.SerializeToUtf8Bytes(this, QmpJsonContext.Default.HumanMonitorCommandArguments), maxDepth: 8);
}

/// <summary>A command of this QEMU (QAPI <c>CommandInfo</c>, QEMU 0.14).</summary>
public sealed record CommandInfo
{
    /// <summary>The name of the command.</summary>
    [JsonPropertyName("name")]
    public required string Name { get; init; }
}
