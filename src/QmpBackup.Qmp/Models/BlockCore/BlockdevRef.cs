using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>
/// A node by its name, or one to be made on the spot (QAPI <c>BlockdevRef</c>, QEMU 2.9). A string converts to the one,
/// <see cref="BlockdevOptions"/> to the other.
/// </summary>
[JsonConverter(typeof(BlockdevRefConverter))]
public sealed record BlockdevRef
{
    private BlockdevRef(string? nodeName, BlockdevOptions? options)
    {
        NodeName = nodeName;
        Options = options;
    }

    /// <summary>The name of a node that is there already, or null.</summary>
    public string? NodeName { get; }

    /// <summary>A node to be made, or null.</summary>
    public BlockdevOptions? Options { get; }

    /// <summary>Whether the node is to be made.</summary>
    [MemberNotNullWhen(true, nameof(Options))]
    [MemberNotNullWhen(false, nameof(NodeName))]
    public bool IsDefinition => Options is not null;

    /// <summary>A node that is there already.</summary>
    /// <param name="nodeName">The name of the node.</param>
    /// <returns>The reference.</returns>
    public static BlockdevRef Reference(string nodeName)
    {
        ArgumentNullException.ThrowIfNull(nodeName);
        return new(nodeName, options: null);
    }

    /// <summary>A node to be made.</summary>
    /// <param name="options">The node.</param>
    /// <returns>The reference.</returns>
    public static BlockdevRef Definition(BlockdevOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new(nodeName: null, options);
    }

    /// <summary>A node that is there already.</summary>
    /// <param name="nodeName">The name of the node.</param>
    public static implicit operator BlockdevRef(string nodeName) => Reference(nodeName);

    /// <summary>A node to be made.</summary>
    /// <param name="options">The node.</param>
    public static implicit operator BlockdevRef(BlockdevOptions options) => Definition(options);
}
