using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>
/// A bitmap, by its name or by its node and name (QAPI <c>BlockDirtyBitmapOrStr</c>, QEMU 4.1). A string converts to
/// the one, a <see cref="BlockDirtyBitmap"/> to the other.
/// </summary>
[JsonConverter(typeof(BlockDirtyBitmapOrStrConverter))]
public sealed record BlockDirtyBitmapOrStr
{
    private BlockDirtyBitmapOrStr(string name, string? node)
    {
        Name = name;
        Node = node;
    }

    /// <summary>The name of the bitmap.</summary>
    public string Name { get; }

    /// <summary>The node of the bitmap; null when only the name is given.</summary>
    public string? Node { get; }

    /// <summary>A bitmap, by its name.</summary>
    /// <param name="name">The name of the bitmap.</param>
    /// <returns>The reference.</returns>
    public static BlockDirtyBitmapOrStr Local(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return new(name, node: null);
    }

    /// <summary>A bitmap, by its node and its name.</summary>
    /// <param name="node">The name of the node.</param>
    /// <param name="name">The name of the bitmap.</param>
    /// <returns>The reference.</returns>
    public static BlockDirtyBitmapOrStr External(string node, string name)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(name);
        return new(name, node);
    }

    /// <summary>A bitmap, by its name.</summary>
    /// <param name="name">The name of the bitmap.</param>
    public static implicit operator BlockDirtyBitmapOrStr(string name) => Local(name);

    /// <summary>A bitmap, by its node and its name.</summary>
    /// <param name="bitmap">The bitmap.</param>
    public static implicit operator BlockDirtyBitmapOrStr(BlockDirtyBitmap bitmap)
    {
        ArgumentNullException.ThrowIfNull(bitmap);
        return External(bitmap.Node, bitmap.Name);
    }

    /// <summary>The name; with a node, <c>NODE:NAME</c>.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Node is null ? Name : $"{Node}:{Name}";
}

internal sealed class BlockDirtyBitmapOrStrConverter : JsonConverter<BlockDirtyBitmapOrStr>
{
    public override BlockDirtyBitmapOrStr Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String
            ? BlockDirtyBitmapOrStr.Local(reader.GetString()!)
            : JsonSerializer.Deserialize(ref reader, QmpJsonContext.Default.BlockDirtyBitmap)
                ?? throw new UnexpectedJsonException("Expected a string or an object for BlockDirtyBitmapOrStr.");

    public override void Write(Utf8JsonWriter writer, BlockDirtyBitmapOrStr value, JsonSerializerOptions options)
    {
        if (value.Node is null)
        {
            writer.WriteStringValue(value.Name);
            return;
        }

        writer.WriteStartObject();
        writer.WriteString("node"u8, value.Node);
        writer.WriteString("name"u8, value.Name);
        writer.WriteEndObject();
    }
}
