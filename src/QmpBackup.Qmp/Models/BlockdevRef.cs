using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>
/// An existing node by its name, or a new node (QAPI <c>BlockdevRef</c>, QEMU 2.9). A string converts to the first,
/// <see cref="BlockdevOptions"/> to the second.
/// </summary>
[JsonConverter(typeof(BlockdevRefConverter))]
public sealed record BlockdevRef
{
    private BlockdevRef(string? nodeName, BlockdevOptions? options)
    {
        NodeName = nodeName;
        Options = options;
    }

    /// <summary>The name of an existing node, or null.</summary>
    public string? NodeName { get; }

    /// <summary>A new node, or null.</summary>
    public BlockdevOptions? Options { get; }

    /// <summary>Whether the reference is a new node.</summary>
    [MemberNotNullWhen(true, nameof(Options))]
    [MemberNotNullWhen(false, nameof(NodeName))]
    public bool IsDefinition => Options is not null;

    /// <summary>An existing node, by its name.</summary>
    /// <param name="nodeName">The name of the node.</param>
    /// <returns>The reference.</returns>
    public static BlockdevRef Reference(string nodeName)
    {
        ArgumentNullException.ThrowIfNull(nodeName);
        return new(nodeName, options: null);
    }

    /// <summary>A new node.</summary>
    /// <param name="options">The node.</param>
    /// <returns>The reference.</returns>
    public static BlockdevRef Definition(BlockdevOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new(nodeName: null, options);
    }

    /// <summary>An existing node, by its name.</summary>
    /// <param name="nodeName">The name of the node.</param>
    public static implicit operator BlockdevRef(string nodeName) => Reference(nodeName);

    /// <summary>A new node.</summary>
    /// <param name="options">The node.</param>
    public static implicit operator BlockdevRef(BlockdevOptions options) => Definition(options);
}

/// <summary>
/// An existing node by its name, a new node, or no node (QAPI <c>BlockdevRefOrNull</c>, QEMU 2.9). A string, a
/// <see cref="BlockdevRef"/> and <see cref="BlockdevOptions"/> convert to it.
/// </summary>
[JsonConverter(typeof(BlockdevRefOrNullConverter))]
public sealed record BlockdevRefOrNull
{
    private BlockdevRefOrNull(BlockdevRef? reference) => Reference = reference;

    /// <summary>No node: sends JSON <c>null</c>, which differs from a missing member.</summary>
    public static BlockdevRefOrNull Null { get; } = new(reference: null);

    /// <summary>The node; null for no node.</summary>
    public BlockdevRef? Reference { get; }

    /// <summary>A node.</summary>
    /// <param name="reference">The node.</param>
    public static implicit operator BlockdevRefOrNull(BlockdevRef reference)
    {
        ArgumentNullException.ThrowIfNull(reference);
        return new(reference);
    }

    /// <summary>An existing node, by its name.</summary>
    /// <param name="nodeName">The name of the node.</param>
    public static implicit operator BlockdevRefOrNull(string nodeName) => new(BlockdevRef.Reference(nodeName));

    /// <summary>A new node.</summary>
    /// <param name="options">The node.</param>
    public static implicit operator BlockdevRefOrNull(BlockdevOptions options) => new(BlockdevRef.Definition(options));
}

internal sealed class BlockdevRefConverter : JsonConverter<BlockdevRef>
{
    public override BlockdevRef Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        ReadReference(ref reader);

    public override void Write(Utf8JsonWriter writer, BlockdevRef value, JsonSerializerOptions options) => WriteReference(writer, value);

    public static BlockdevRef ReadReference(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.String
            ? BlockdevRef.Reference(reader.GetString()!)
            : BlockdevRef.Definition(
                JsonSerializer.Deserialize(ref reader, QmpJsonContext.Default.BlockdevOptions)
                ?? throw new UnexpectedJsonException("Expected a string or an object for BlockdevRef."));

    public static void WriteReference(Utf8JsonWriter writer, BlockdevRef value)
    {
        if (value.IsDefinition)
            value.Options.WriteTo(writer);
        else
            writer.WriteStringValue(value.NodeName);
    }
}

internal sealed class BlockdevRefOrNullConverter : JsonConverter<BlockdevRefOrNull>
{
    /// <summary>A JSON null has another meaning than a missing member.</summary>
    public override bool HandleNull => true;

    public override BlockdevRefOrNull Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Null ? BlockdevRefOrNull.Null : BlockdevRefConverter.ReadReference(ref reader);

    public override void Write(Utf8JsonWriter writer, BlockdevRefOrNull value, JsonSerializerOptions options)
    {
        if (value.Reference is null)
            writer.WriteNullValue();
        else
            BlockdevRefConverter.WriteReference(writer, value.Reference);
    }
}
