using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The arguments of <c>block-export-del</c> (QEMU 5.2).</summary>
public sealed record BlockExportDelArguments
{
    /// <summary>The id of the export.</summary>
    [JsonPropertyName("id")]
    public required string Id { get; init; }

    /// <summary>What becomes of the clients; default safe.</summary>
    [JsonPropertyName("mode")]
    public BlockExportRemoveMode? Mode { get; init; }
}
