using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>
/// Reads the point in time that a copy-before-write filter below holds (QAPI <c>BlockdevOptionsGenericFormat</c>, QEMU 7.0).
/// </summary>
public sealed record BlockdevOptionsSnapshotAccess : BlockdevOptions
{
    /// <summary><c>snapshot-access</c>.</summary>
    [JsonPropertyName("driver")]
    [JsonPropertyOrder(-3)]
    public override string Driver => "snapshot-access";

    /// <summary>The node below.</summary>
    [JsonPropertyName("file")]
    public required BlockdevRef File { get; init; }

    internal override void WriteTo(Utf8JsonWriter writer) =>
        JsonSerializer.Serialize(writer, this, QmpJsonContext.Default.BlockdevOptionsSnapshotAccess);
}
