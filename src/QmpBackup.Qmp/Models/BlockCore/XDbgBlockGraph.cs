using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The block graph (QAPI <c>XDbgBlockGraph</c>, answer of the unstable <c>x-debug-query-block-graph</c>, QEMU 4.0).</summary>
public sealed record XDbgBlockGraph
{
    /// <summary>The nodes.</summary>
    [JsonPropertyName("nodes")]
    public IReadOnlyList<XDbgBlockGraphNode> Nodes { get; init; } = [];

    /// <summary>The edges.</summary>
    [JsonPropertyName("edges")]
    public IReadOnlyList<XDbgBlockGraphEdge> Edges { get; init; } = [];
}
