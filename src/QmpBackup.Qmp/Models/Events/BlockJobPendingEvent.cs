using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

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
