using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The arguments of <c>block-set-write-threshold</c> (QEMU 2.3).</summary>
public sealed record BlockSetWriteThresholdArguments
{
    /// <summary>The name of the node; for the size of a file that of the file node, not of the format above it.</summary>
    [JsonPropertyName("node-name")]
    public required string NodeName { get; init; }

    /// <summary>
    /// The offset in bytes beyond which a write raises <c>BLOCK_WRITE_THRESHOLD</c>, once; 0 to take the threshold away.
    /// </summary>
    [JsonPropertyName("write-threshold")]
    public required long WriteThreshold { get; init; }
}
