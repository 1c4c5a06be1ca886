using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>A dirty bitmap of a node (QAPI <c>BlockDirtyBitmap</c>, QEMU 2.4).</summary>
public sealed record BlockDirtyBitmap
{
    /// <summary>The name of the node, or of the device.</summary>
    [JsonPropertyName("node")]
    public required string Node { get; init; }

    /// <summary>The name of the bitmap.</summary>
    [JsonPropertyName("name")]
    public required string Name { get; init; }
}
