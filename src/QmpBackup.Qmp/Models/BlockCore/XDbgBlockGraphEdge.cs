using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>An edge of the block graph (QAPI <c>XDbgBlockGraphEdge</c>, QEMU 4.0).</summary>
public sealed record XDbgBlockGraphEdge
{
    /// <summary>The number of the node above.</summary>
    [JsonPropertyName("parent")]
    public required ulong Parent { get; init; }

    /// <summary>The number of the node below.</summary>
    [JsonPropertyName("child")]
    public required ulong Child { get; init; }

    /// <summary>The role of the child, such as <c>file</c>, <c>backing</c>, <c>root</c>.</summary>
    [JsonPropertyName("name")]
    public required string Name { get; init; }

    /// <summary>What the parent may do.</summary>
    [JsonPropertyName("perm")]
    public IReadOnlyList<BlockPermission> Permissions { get; init; } = [];

    /// <summary>What others may do at the same time.</summary>
    [JsonPropertyName("shared-perm")]
    public IReadOnlyList<BlockPermission> SharedPermissions { get; init; } = [];
}
