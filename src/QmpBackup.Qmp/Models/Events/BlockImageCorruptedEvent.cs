using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The data of <c>BLOCK_IMAGE_CORRUPTED</c> (QEMU 1.7).</summary>
public sealed record BlockImageCorruptedEvent
{
    /// <summary>The name of the drive; it may be empty.</summary>
    [JsonPropertyName("device")]
    public string? Device { get; init; }

    /// <summary>The node (QEMU 2.4).</summary>
    [JsonPropertyName("node-name")]
    public string? NodeName { get; init; }

    /// <summary>What is wrong, for a person.</summary>
    [JsonPropertyName("msg")]
    public string? Message { get; init; }

    /// <summary>Where, in bytes.</summary>
    [JsonPropertyName("offset")]
    public long? Offset { get; init; }

    /// <summary>How many bytes.</summary>
    [JsonPropertyName("size")]
    public long? Size { get; init; }

    /// <summary>Whether the image can no longer be used.</summary>
    [JsonPropertyName("fatal")]
    public bool Fatal { get; init; }
}
