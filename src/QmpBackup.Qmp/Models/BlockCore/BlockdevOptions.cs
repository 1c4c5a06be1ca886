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
