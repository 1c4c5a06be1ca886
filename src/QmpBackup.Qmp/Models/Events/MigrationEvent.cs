using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The data of <c>MIGRATION</c> (QEMU 2.4).</summary>
public sealed record MigrationEvent
{
    /// <summary>Where the migration stands.</summary>
    [JsonPropertyName("status")]
    public required MigrationStatus Status { get; init; }
}
