using System.Diagnostics.CodeAnalysis;
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

/// <summary>A node of the block graph (QAPI <c>XDbgBlockGraphNode</c>, QEMU 4.0).</summary>
public sealed record XDbgBlockGraphNode
{
    /// <summary>The number of the node, valid in this answer only.</summary>
    [JsonPropertyName("id")]
    public required ulong Id { get; init; }

    /// <summary>The type of the node.</summary>
    [JsonPropertyName("type")]
    public required XDbgBlockGraphNodeType Type { get; init; }

    /// <summary>Its name; it may be empty.</summary>
    [JsonPropertyName("name")]
    public required string Name { get; init; }
}

/// <summary>
/// The type of a node of the block graph (QAPI <c>XDbgBlockGraphNodeType</c>, QEMU 4.0). Other versions of QEMU may know other
/// values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<XDbgBlockGraphNodeType>))]
public readonly record struct XDbgBlockGraphNodeType(string Value) : IQapiString<XDbgBlockGraphNodeType>
{
    /// <summary><c>block-backend</c>: the root of the graph for a device or an export.</summary>
    public static XDbgBlockGraphNodeType BlockBackend { get; } = new("block-backend");

    /// <summary><c>block-job</c>: a job.</summary>
    public static XDbgBlockGraphNodeType BlockJob { get; } = new("block-job");

    /// <summary><c>block-driver</c>: a block node.</summary>
    public static XDbgBlockGraphNodeType BlockDriver { get; } = new("block-driver");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static XDbgBlockGraphNodeType IQapiString<XDbgBlockGraphNodeType>.FromString(string value) => new(value);
}

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

    /// <summary>The permissions of the parent.</summary>
    [JsonPropertyName("perm")]
    public IReadOnlyList<BlockPermission> Permissions { get; init; } = [];

    /// <summary>The permissions of other users at the same time.</summary>
    [JsonPropertyName("shared-perm")]
    public IReadOnlyList<BlockPermission> SharedPermissions { get; init; } = [];
}

/// <summary>
/// A permission of a user of a node (QAPI <c>BlockPermission</c>, QEMU 4.0). Other versions of QEMU may know other values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<BlockPermission>))]
[SuppressMessage("Naming", "CA1711:Identifiers should not have incorrect suffix", Justification = "The name of QAPI.")]
public readonly record struct BlockPermission(string Value) : IQapiString<BlockPermission>
{
    /// <summary><c>consistent-read</c>: read consistent data.</summary>
    public static BlockPermission ConsistentRead { get; } = new("consistent-read");

    /// <summary><c>write</c>: write.</summary>
    public static BlockPermission Write { get; } = new("write");

    /// <summary><c>write-unchanged</c>: write data that does not change the content.</summary>
    public static BlockPermission WriteUnchanged { get; } = new("write-unchanged");

    /// <summary><c>resize</c>: change the size.</summary>
    public static BlockPermission Resize { get; } = new("resize");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static BlockPermission IQapiString<BlockPermission>.FromString(string value) => new(value);
}
