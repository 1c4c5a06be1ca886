using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>
/// A node by its name, one to be made on the spot, or expressly none (QAPI <c>BlockdevRefOrNull</c>, QEMU 2.9). A string, a
/// <see cref="BlockdevRef"/> and <see cref="BlockdevOptions"/> convert to it.
/// </summary>
[JsonConverter(typeof(BlockdevRefOrNullConverter))]
public sealed record BlockdevRefOrNull
{
    private BlockdevRefOrNull(BlockdevRef? reference) => Reference = reference;

    /// <summary>Expressly none: JSON's <c>null</c>, unlike a member left out.</summary>
    public static BlockdevRefOrNull Null { get; } = new(reference: null);

    /// <summary>The node, or null for expressly none.</summary>
    public BlockdevRef? Reference { get; }

    /// <summary>A node.</summary>
    /// <param name="reference">The node.</param>
    public static implicit operator BlockdevRefOrNull(BlockdevRef reference)
    {
        ArgumentNullException.ThrowIfNull(reference);
        return new(reference);
    }

    /// <summary>A node that is there already.</summary>
    /// <param name="nodeName">The name of the node.</param>
    public static implicit operator BlockdevRefOrNull(string nodeName) => new(BlockdevRef.Reference(nodeName));

    /// <summary>A node to be made.</summary>
    /// <param name="options">The node.</param>
    public static implicit operator BlockdevRefOrNull(BlockdevOptions options) => new(BlockdevRef.Definition(options));
}
