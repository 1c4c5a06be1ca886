using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>
/// A node of the block graph to be made (QAPI <c>BlockdevOptions</c>, QEMU 2.9). One of the records named BlockdevOptions… in
/// this namespace; <see cref="BlockdevOptionsJson"/> for drivers that have no record here.
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

    /// <summary>The name of the node, at most 31 bytes; null for one that QEMU makes up.</summary>
    [JsonPropertyName("node-name")]
    [JsonPropertyOrder(-1)]
    public string? NodeName { get; init; }

    /// <summary>Whether it is read-only; default false.</summary>
    [JsonPropertyName("read-only")]
    public bool? ReadOnly { get; init; }

    /// <summary>Whether it may become read-only when it cannot be opened for writing (QEMU 3.1).</summary>
    [JsonPropertyName("auto-read-only")]
    public bool? AutoReadOnly { get; init; }

    /// <summary>What happens to discards; default ignore.</summary>
    [JsonPropertyName("discard")]
    public BlockdevDiscardOptions? Discard { get; init; }

    /// <summary>How it caches.</summary>
    [JsonPropertyName("cache")]
    public BlockdevCacheOptions? Cache { get; init; }

    /// <summary>What happens to writes of zeros; default off.</summary>
    [JsonPropertyName("detect-zeroes")]
    public BlockdevDetectZeroesOptions? DetectZeroes { get; init; }

    /// <summary>Whether to ignore that another process has it open; read-only nodes only (QEMU 2.10).</summary>
    [JsonPropertyName("force-share")]
    public bool? ForceShare { get; init; }

    /// <summary>Whether it is active (QEMU 10.0).</summary>
    [JsonPropertyName("active")]
    public bool? Active { get; init; }

    internal abstract void WriteTo(Utf8JsonWriter writer);
}

/// <summary>A node of the block graph to be made, written as JSON: the way to drivers and options that have no record here.</summary>
/// <remarks>What is sent is <see cref="Json"/> as it is; the other properties only show what is in it.</remarks>
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

    /// <summary>The whole object as it is sent.</summary>
    public JsonElement Json { get; }

    /// <summary>Takes an object as it is.</summary>
    /// <param name="element">The whole object, with its <c>driver</c>.</param>
    /// <returns>The options.</returns>
    /// <exception cref="ArgumentException">It is no JSON object, or a member that every such object has is missing.</exception>
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
