using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The data of <c>BLOCK_WRITE_THRESHOLD</c> (QEMU 2.3).</summary>
public sealed record BlockWriteThresholdEvent
{
    /// <summary>The node.</summary>
    [JsonPropertyName("node-name")]
    public required string NodeName { get; init; }

    /// <summary>How many bytes beyond the threshold the write went.</summary>
    [JsonPropertyName("amount-exceeded")]
    public long AmountExceeded { get; init; }

    /// <summary>The threshold in bytes, which is now taken away.</summary>
    [JsonPropertyName("write-threshold")]
    public long WriteThreshold { get; init; }
}
