using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>
/// The export that <c>block-export-add</c> creates (QAPI <c>BlockExportOptions</c>, QEMU 5.2): a
/// <see cref="BlockExportOptionsNbd"/>, or a <see cref="BlockExportOptionsJson"/> for other types.
/// </summary>
[JsonConverter(typeof(BlockExportOptionsConverter))]
public abstract record BlockExportOptions
{
    private protected BlockExportOptions()
    {
    }

    /// <summary>The kind of export.</summary>
    [JsonPropertyName("type")]
    [JsonPropertyOrder(-3)]
    public abstract string Type { get; }

    /// <summary>The id of the export.</summary>
    [JsonPropertyName("id")]
    [JsonPropertyOrder(-2)]
    public required string Id { get; init; }

    /// <summary>The node to export.</summary>
    [JsonPropertyName("node-name")]
    [JsonPropertyOrder(-1)]
    public required string NodeName { get; init; }

    /// <summary>Whether clients may write; default false.</summary>
    [JsonPropertyName("writable")]
    public bool? Writable { get; init; }

    /// <summary>Whether every write is flushed before it completes; default false.</summary>
    [JsonPropertyName("writethrough")]
    public bool? Writethrough { get; init; }

    /// <summary>The iothread to move the node to.</summary>
    [JsonPropertyName("iothread")]
    public string? Iothread { get; init; }

    /// <summary>Whether the export fails when the node cannot be moved to the iothread or is moved away later; default false.</summary>
    [JsonPropertyName("fixed-iothread")]
    public bool? FixedIothread { get; init; }

    /// <summary>Whether the node may be inactive (QEMU 10.0).</summary>
    [JsonPropertyName("allow-inactive")]
    public bool? AllowInactive { get; init; }

    internal abstract void WriteTo(Utf8JsonWriter writer);
}

/// <summary>An export over the NBD server (QAPI <c>BlockExportOptionsNbd</c>, QEMU 5.2).</summary>
public sealed record BlockExportOptionsNbd : BlockExportOptions
{
    /// <summary><c>nbd</c>.</summary>
    [JsonPropertyName("type")]
    [JsonPropertyOrder(-3)]
    public override string Type => "nbd";

    /// <summary>The name of the export; default: the name of the node.</summary>
    [JsonPropertyName("name")]
    public string? Name { get; init; }

    /// <summary>A description for the client, at most 4096 bytes (QEMU 5.0).</summary>
    [JsonPropertyName("description")]
    public string? Description { get; init; }

    /// <summary>
    /// The bitmaps to export as <c>qemu:dirty-bitmap:NAME</c>. A name without a node is searched in the node and its backing chain; with
    /// a node in that node only, which needs QEMU 7.1.
    /// </summary>
    [JsonPropertyName("bitmaps")]
    public IReadOnlyList<BlockDirtyBitmapOrStr>? Bitmaps { get; init; }

    /// <summary>Whether to export <c>qemu:allocation-depth</c>; default false.</summary>
    [JsonPropertyName("allocation-depth")]
    public bool? AllocationDepth { get; init; }

    internal override void WriteTo(Utf8JsonWriter writer) =>
        JsonSerializer.Serialize(writer, this, QmpJsonContext.Default.BlockExportOptionsNbd);
}

/// <summary>An export to create, as JSON: for types and options that have no type in this library.</summary>
/// <remarks><see cref="Json"/> is sent unchanged; the other properties only show its content.</remarks>
public sealed record BlockExportOptionsJson : BlockExportOptions
{
    private readonly string _tag;

    private BlockExportOptionsJson(string tag, JsonElement json)
    {
        _tag = tag;
        Json = json;
    }

    /// <inheritdoc/>
    public override string Type => _tag;

    /// <summary>The JSON object that is sent.</summary>
    public JsonElement Json { get; }

    /// <summary>Creates the options from a JSON object, without changes.</summary>
    /// <param name="element">The JSON object, with its <c>type</c>.</param>
    /// <returns>The options.</returns>
    /// <exception cref="ArgumentException">It is not a JSON object, or a required member is missing.</exception>
    public static BlockExportOptionsJson FromElement(JsonElement element)
    {
        var tag = QapiUnion.Member(element, "type")
            ?? throw new ArgumentException("Expected a JSON object with a string \"type\".", nameof(element));
        return new(tag, element.Clone())
        {
            Id = QapiUnion.Member(element, "id") ?? throw new ArgumentException("The object has no string \"id\".", nameof(element)),
            NodeName = QapiUnion.Member(element, "node-name")
                ?? throw new ArgumentException("The object has no string \"node-name\".", nameof(element)),
        };
    }

    internal override void WriteTo(Utf8JsonWriter writer) => Json.WriteTo(writer);
}

internal sealed class BlockExportOptionsConverter() : QapiUnionConverter<BlockExportOptions>("type")
{
    protected override BlockExportOptions FromElement(string tag, JsonElement element) => Required(tag switch
    {
        "nbd" => element.Deserialize(QmpJsonContext.Default.BlockExportOptionsNbd),
        _ => BlockExportOptionsJson.FromElement(element),
    });

    protected override void WriteBranch(Utf8JsonWriter writer, BlockExportOptions value) => value.WriteTo(writer);
}
