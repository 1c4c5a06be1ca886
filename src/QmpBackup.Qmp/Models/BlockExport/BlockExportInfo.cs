using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>An export (QAPI <c>BlockExportInfo</c>, answer of <c>query-block-exports</c>, QEMU 5.2).</summary>
public sealed record BlockExportInfo
{
    /// <summary>The id of the export.</summary>
    [JsonPropertyName("id")]
    public required string Id { get; init; }

    /// <summary>The kind of export.</summary>
    [JsonPropertyName("type")]
    public required BlockExportType Type { get; init; }

    /// <summary>The node that is exported.</summary>
    [JsonPropertyName("node-name")]
    public required string NodeName { get; init; }

    /// <summary>Whether it is being removed.</summary>
    [JsonPropertyName("shutting-down")]
    public bool ShuttingDown { get; init; }
}
