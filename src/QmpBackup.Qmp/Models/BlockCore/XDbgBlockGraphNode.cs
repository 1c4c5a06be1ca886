using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>A node of the block graph (QAPI <c>XDbgBlockGraphNode</c>, QEMU 4.0).</summary>
public sealed record XDbgBlockGraphNode
{
    /// <summary>A number for this answer only.</summary>
    [JsonPropertyName("id")]
    public required ulong Id { get; init; }

    /// <summary>What it is.</summary>
    [JsonPropertyName("type")]
    public required XDbgBlockGraphNodeType Type { get; init; }

    /// <summary>Its name; it may be empty.</summary>
    [JsonPropertyName("name")]
    public required string Name { get; init; }
}
