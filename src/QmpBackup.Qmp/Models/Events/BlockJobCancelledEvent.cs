using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

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
