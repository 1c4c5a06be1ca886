using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The data of <c>JOB_STATUS_CHANGE</c> (QEMU 3.0).</summary>
public sealed record JobStatusChangeEvent
{
    /// <summary>The id of the job.</summary>
    [JsonPropertyName("id")]
    public required string Id { get; init; }

    /// <summary>The new status.</summary>
    [JsonPropertyName("status")]
    public required JobStatus Status { get; init; }
}

/// <summary>The data of <c>BLOCK_JOB_COMPLETED</c> (QEMU 1.1).</summary>
public sealed record BlockJobCompletedEvent
{
    /// <summary>The type of the job.</summary>
    [JsonPropertyName("type")]
    public required JobType Type { get; init; }

    /// <summary>The id of the job.</summary>
    [JsonPropertyName("device")]
    public required string Device { get; init; }

    /// <summary>The total length, in bytes.</summary>
    [JsonPropertyName("len")]
    public long Length { get; init; }

    /// <summary>The progress at the end, in bytes.</summary>
    [JsonPropertyName("offset")]
    public long Offset { get; init; }

    /// <summary>The speed limit, in bytes per second; 0 for none.</summary>
    [JsonPropertyName("speed")]
    public long Speed { get; init; }

    /// <summary>The error, for people; null on success.</summary>
    [JsonPropertyName("error")]
    public string? Error { get; init; }
}

/// <summary>The data of <c>BLOCK_JOB_CANCELLED</c> (QEMU 1.1).</summary>
public sealed record BlockJobCancelledEvent
{
    /// <summary>The type of the job.</summary>
    [JsonPropertyName("type")]
    public required JobType Type { get; init; }

    /// <summary>The id of the job.</summary>
    [JsonPropertyName("device")]
    public required string Device { get; init; }

    /// <summary>The total length, in bytes.</summary>
    [JsonPropertyName("len")]
    public long Length { get; init; }

    /// <summary>The progress at the end, in bytes.</summary>
    [JsonPropertyName("offset")]
    public long Offset { get; init; }

    /// <summary>The speed limit, in bytes per second; 0 for none.</summary>
    [JsonPropertyName("speed")]
    public long Speed { get; init; }
}

/// <summary>The data of <c>BLOCK_JOB_ERROR</c> (QEMU 1.3).</summary>
public sealed record BlockJobErrorEvent
{
    /// <summary>The id of the job.</summary>
    [JsonPropertyName("device")]
    public required string Device { get; init; }

    /// <summary>The direction of the failed operation.</summary>
    [JsonPropertyName("operation")]
    public required IoOperationType Operation { get; init; }

    /// <summary>The reaction of QEMU.</summary>
    [JsonPropertyName("action")]
    public required BlockErrorAction Action { get; init; }
}

/// <summary>The data of <c>BLOCK_JOB_READY</c> (QEMU 1.3).</summary>
public sealed record BlockJobReadyEvent
{
    /// <summary>The type of the job.</summary>
    [JsonPropertyName("type")]
    public required JobType Type { get; init; }

    /// <summary>The id of the job.</summary>
    [JsonPropertyName("device")]
    public required string Device { get; init; }

    /// <summary>The total length, in bytes.</summary>
    [JsonPropertyName("len")]
    public long Length { get; init; }

    /// <summary>The progress at the end, in bytes.</summary>
    [JsonPropertyName("offset")]
    public long Offset { get; init; }

    /// <summary>The speed limit, in bytes per second; 0 for none.</summary>
    [JsonPropertyName("speed")]
    public long Speed { get; init; }
}

/// <summary>The data of <c>BLOCK_JOB_PENDING</c> (QEMU 2.12).</summary>
public sealed record BlockJobPendingEvent
{
    /// <summary>The type of the job.</summary>
    [JsonPropertyName("type")]
    public required JobType Type { get; init; }

    /// <summary>The id of the job.</summary>
    [JsonPropertyName("id")]
    public required string Id { get; init; }
}
