using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

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
