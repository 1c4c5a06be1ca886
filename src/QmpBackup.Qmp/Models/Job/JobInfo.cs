using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>A job (QAPI <c>JobInfo</c>, answer of <c>query-jobs</c>, QEMU 3.0).</summary>
public sealed record JobInfo
{
    /// <summary>The id.</summary>
    [JsonPropertyName("id")]
    public required string Id { get; init; }

    /// <summary>What the job does.</summary>
    [JsonPropertyName("type")]
    public required JobType Type { get; init; }

    /// <summary>Where the job stands.</summary>
    [JsonPropertyName("status")]
    public required JobStatus Status { get; init; }

    /// <summary>How far it has come, in no particular unit; it can go back.</summary>
    [JsonPropertyName("current-progress")]
    public long CurrentProgress { get; init; }

    /// <summary>How far it has to go, in the same unit; it can change.</summary>
    [JsonPropertyName("total-progress")]
    public long TotalProgress { get; init; }

    /// <summary>Why it failed, for a person; null while it has not. A job that was cancelled says so here.</summary>
    [JsonPropertyName("error")]
    public string? Error { get; init; }
}
