using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The data of <c>JOB_STATUS_CHANGE</c> (QEMU 3.0).</summary>
public sealed record JobStatusChangeEvent
{
    /// <summary>The id of the job.</summary>
    [JsonPropertyName("id")]
    public required string Id { get; init; }

    /// <summary>Where it stands now.</summary>
    [JsonPropertyName("status")]
    public required JobStatus Status { get; init; }
}

/// <summary>The data of <c>BLOCK_JOB_COMPLETED</c> (QEMU 1.1).</summary>
public sealed record BlockJobCompletedEvent
{
    /// <summary>What the job does.</summary>
    [JsonPropertyName("type")]
    public required JobType Type { get; init; }

    /// <summary>The id of the job.</summary>
    [JsonPropertyName("device")]
    public required string Device { get; init; }

    /// <summary>How far it had to go.</summary>
    [JsonPropertyName("len")]
    public long Length { get; init; }

    /// <summary>How far it came.</summary>
    [JsonPropertyName("offset")]
    public long Offset { get; init; }

    /// <summary>Its limit in bytes a second; 0 for none.</summary>
    [JsonPropertyName("speed")]
    public long Speed { get; init; }

    /// <summary>Why it failed, for a person; null when it did not.</summary>
    [JsonPropertyName("error")]
    public string? Error { get; init; }
}

/// <summary>The data of <c>BLOCK_JOB_CANCELLED</c> (QEMU 1.1).</summary>
public sealed record BlockJobCancelledEvent
{
    /// <summary>What the job does.</summary>
    [JsonPropertyName("type")]
    public required JobType Type { get; init; }

    /// <summary>The id of the job.</summary>
    [JsonPropertyName("device")]
    public required string Device { get; init; }

    /// <summary>How far it had to go.</summary>
    [JsonPropertyName("len")]
    public long Length { get; init; }

    /// <summary>How far it came.</summary>
    [JsonPropertyName("offset")]
    public long Offset { get; init; }

    /// <summary>Its limit in bytes a second; 0 for none.</summary>
    [JsonPropertyName("speed")]
    public long Speed { get; init; }
}

/// <summary>The data of <c>BLOCK_JOB_ERROR</c> (QEMU 1.3).</summary>
public sealed record BlockJobErrorEvent
{
    /// <summary>The id of the job.</summary>
    [JsonPropertyName("device")]
    public required string Device { get; init; }

    /// <summary>Which way the failed operation went.</summary>
    [JsonPropertyName("operation")]
    public required IoOperationType Operation { get; init; }

    /// <summary>What was done about it.</summary>
    [JsonPropertyName("action")]
    public required BlockErrorAction Action { get; init; }
}

/// <summary>The data of <c>BLOCK_JOB_READY</c> (QEMU 1.3).</summary>
public sealed record BlockJobReadyEvent
{
    /// <summary>What the job does.</summary>
    [JsonPropertyName("type")]
    public required JobType Type { get; init; }

    /// <summary>The id of the job.</summary>
    [JsonPropertyName("device")]
    public required string Device { get; init; }

    /// <summary>How far it had to go.</summary>
    [JsonPropertyName("len")]
    public long Length { get; init; }

    /// <summary>How far it came.</summary>
    [JsonPropertyName("offset")]
    public long Offset { get; init; }

    /// <summary>Its limit in bytes a second; 0 for none.</summary>
    [JsonPropertyName("speed")]
    public long Speed { get; init; }
}

/// <summary>The data of <c>BLOCK_JOB_PENDING</c> (QEMU 2.12).</summary>
public sealed record BlockJobPendingEvent
{
    /// <summary>What the job does.</summary>
    [JsonPropertyName("type")]
    public required JobType Type { get; init; }

    /// <summary>The id of the job.</summary>
    [JsonPropertyName("id")]
    public required string Id { get; init; }
}
