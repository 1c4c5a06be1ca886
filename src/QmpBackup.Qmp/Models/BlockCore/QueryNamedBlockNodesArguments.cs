using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The arguments of <c>query-named-block-nodes</c> (QEMU 2.0).</summary>
public sealed record QueryNamedBlockNodesArguments
{
    /// <summary>Whether to leave out the backing images of each node, which are nodes of their own; default false (QEMU 5.0).</summary>
    [JsonPropertyName("flat")]
    public bool? Flat { get; init; }
}
