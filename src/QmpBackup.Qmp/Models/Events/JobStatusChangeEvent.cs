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
