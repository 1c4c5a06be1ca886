using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>
/// The arguments of the commands on one job: <c>job-cancel</c>, <c>job-dismiss</c>, <c>job-finalize</c>, <c>job-pause</c>,
/// <c>job-resume</c> and <c>job-complete</c> (QEMU 3.0).
/// </summary>
public sealed record JobArguments
{
    /// <summary>The id of the job.</summary>
    [JsonPropertyName("id")]
    public required string Id { get; init; }
}
