using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The arguments of <c>blockdev-create</c> (QEMU 3.0), which starts a job that has to be dismissed by hand.</summary>
public sealed record BlockdevCreateArguments
{
    /// <summary>The id of the job.</summary>
    [JsonPropertyName("job-id")]
    public required string JobId { get; init; }

    /// <summary>What to make.</summary>
    [JsonPropertyName("options")]
    public required BlockdevCreateOptions Options { get; init; }
}
