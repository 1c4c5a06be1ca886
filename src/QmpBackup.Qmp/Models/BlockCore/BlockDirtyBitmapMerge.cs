using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The arguments of <c>block-dirty-bitmap-merge</c> (QAPI <c>BlockDirtyBitmapMerge</c>, QEMU 4.0).</summary>
public sealed record BlockDirtyBitmapMerge
{
    /// <summary>The name of the node of the target, or of the device.</summary>
    [JsonPropertyName("node")]
    public required string Node { get; init; }

    /// <summary>The name of the bitmap that takes the bits.</summary>
    [JsonPropertyName("target")]
    public required string Target { get; init; }

    /// <summary>
    /// The bitmaps whose bits are taken: on the same node by name, on others with their node (QEMU 4.1). They stay as they are.
    /// </summary>
    [JsonPropertyName("bitmaps")]
    public required IReadOnlyList<BlockDirtyBitmapOrStr> Bitmaps { get; init; }
}
