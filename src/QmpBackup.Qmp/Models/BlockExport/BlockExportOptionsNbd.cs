using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>An export over the NBD server (QAPI <c>BlockExportOptionsNbd</c>, QEMU 5.2).</summary>
public sealed record BlockExportOptionsNbd : BlockExportOptions
{
    /// <summary><c>nbd</c>.</summary>
    [JsonPropertyName("type")]
    [JsonPropertyOrder(-3)]
    public override string Type => "nbd";

    /// <summary>The name of the export; default the name of the node.</summary>
    [JsonPropertyName("name")]
    public string? Name { get; init; }

    /// <summary>A description for the client, at most 4096 bytes (QEMU 5.0).</summary>
    [JsonPropertyName("description")]
    public string? Description { get; init; }

    /// <summary>
    /// The bitmaps to export as <c>qemu:dirty-bitmap:NAME</c>. A name alone is looked for in the node and its backing chain; with
    /// a node in that node only, which needs QEMU 7.1.
    /// </summary>
    [JsonPropertyName("bitmaps")]
    public IReadOnlyList<BlockDirtyBitmapOrStr>? Bitmaps { get; init; }

    /// <summary>Whether to export <c>qemu:allocation-depth</c>; default false.</summary>
    [JsonPropertyName("allocation-depth")]
    public bool? AllocationDepth { get; init; }

    internal override void WriteTo(Utf8JsonWriter writer) =>
        JsonSerializer.Serialize(writer, this, QmpJsonContext.Default.BlockExportOptionsNbd);
}
