using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>
/// A node to add to the block graph (QAPI <c>BlockdevOptions</c>, QEMU 2.9). One of the records BlockdevOptions… in
/// this namespace; <see cref="BlockdevOptionsJson"/> for other drivers.
/// </summary>
[JsonConverter(typeof(BlockdevOptionsConverter))]
public abstract record BlockdevOptions
{
    private protected BlockdevOptions()
    {
    }

    /// <summary>The driver.</summary>
    [JsonPropertyName("driver")]
    [JsonPropertyOrder(-3)]
    public abstract string Driver { get; }

    /// <summary>The name of the node, at most 31 bytes; null for a name that QEMU generates.</summary>
    [JsonPropertyName("node-name")]
    [JsonPropertyOrder(-1)]
    public string? NodeName { get; init; }

    /// <summary>Whether it is read-only; default false.</summary>
    [JsonPropertyName("read-only")]
    public bool? ReadOnly { get; init; }

    /// <summary>Whether the node becomes read-only when it cannot be opened for writing (QEMU 3.1).</summary>
    [JsonPropertyName("auto-read-only")]
    public bool? AutoReadOnly { get; init; }

    /// <summary>How discards are treated; default ignore.</summary>
    [JsonPropertyName("discard")]
    public BlockdevDiscardOptions? Discard { get; init; }

    /// <summary>The cache settings.</summary>
    [JsonPropertyName("cache")]
    public BlockdevCacheOptions? Cache { get; init; }

    /// <summary>How writes of zeros are treated; default off.</summary>
    [JsonPropertyName("detect-zeroes")]
    public BlockdevDetectZeroesOptions? DetectZeroes { get; init; }

    /// <summary>Whether to share the image with a process that has it open; read-only nodes only (QEMU 2.10).</summary>
    [JsonPropertyName("force-share")]
    public bool? ForceShare { get; init; }

    /// <summary>Whether it is active (QEMU 10.0).</summary>
    [JsonPropertyName("active")]
    public bool? Active { get; init; }

    internal abstract void WriteTo(Utf8JsonWriter writer);
}

/// <summary>A node to add, as JSON: for drivers and options that have no type in this library.</summary>
/// <remarks><see cref="Json"/> is sent unchanged; the other properties only show its content.</remarks>
public sealed record BlockdevOptionsJson : BlockdevOptions
{
    private readonly string _tag;

    private BlockdevOptionsJson(string tag, JsonElement json)
    {
        _tag = tag;
        Json = json;
    }

    /// <inheritdoc/>
    public override string Driver => _tag;

    /// <summary>The JSON object that is sent.</summary>
    public JsonElement Json { get; }

    /// <summary>Creates the options from a JSON object, without changes.</summary>
    /// <param name="element">The JSON object, with its <c>driver</c>.</param>
    /// <returns>The options.</returns>
    /// <exception cref="ArgumentException">It is not a JSON object, or a required member is missing.</exception>
    public static BlockdevOptionsJson FromElement(JsonElement element)
    {
        var tag = QapiUnion.Member(element, "driver")
            ?? throw new ArgumentException("Expected a JSON object with a string \"driver\".", nameof(element));
        return new(tag, element.Clone())
        {
            NodeName = QapiUnion.Member(element, "node-name"),
        };
    }

    internal override void WriteTo(Utf8JsonWriter writer) => Json.WriteTo(writer);
}

internal sealed class BlockdevOptionsConverter() : QapiUnionConverter<BlockdevOptions>("driver")
{
    protected override BlockdevOptions FromElement(string tag, JsonElement element) => Required(tag switch
    {
        "file" => element.Deserialize(QmpJsonContext.Default.BlockdevOptionsFile),
        "host_device" => element.Deserialize(QmpJsonContext.Default.BlockdevOptionsHostDevice),
        "qcow2" => element.Deserialize(QmpJsonContext.Default.BlockdevOptionsQcow2),
        "raw" => element.Deserialize(QmpJsonContext.Default.BlockdevOptionsRaw),
        "copy-before-write" => element.Deserialize(QmpJsonContext.Default.BlockdevOptionsCbw),
        "snapshot-access" => element.Deserialize(QmpJsonContext.Default.BlockdevOptionsSnapshotAccess),
        "nbd" => element.Deserialize(QmpJsonContext.Default.BlockdevOptionsNbd),
        "null-co" => element.Deserialize(QmpJsonContext.Default.BlockdevOptionsNullCo),
        "throttle" => element.Deserialize(QmpJsonContext.Default.BlockdevOptionsThrottle),
        "compress" => element.Deserialize(QmpJsonContext.Default.BlockdevOptionsCompress),
        _ => BlockdevOptionsJson.FromElement(element),
    });

    protected override void WriteBranch(Utf8JsonWriter writer, BlockdevOptions value) => value.WriteTo(writer);
}
