using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The data of <c>BLOCK_EXPORT_DELETED</c> (QEMU 5.2).</summary>
public sealed record BlockExportDeletedEvent
{
    /// <summary>The id of the export.</summary>
    [JsonPropertyName("id")]
    public required string Id { get; init; }
}
