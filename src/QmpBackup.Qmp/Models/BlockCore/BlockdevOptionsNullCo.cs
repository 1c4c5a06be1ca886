using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>Reads as nothing and swallows writes (QAPI <c>BlockdevOptionsNull</c>).</summary>
public sealed record BlockdevOptionsNullCo : BlockdevOptions
{
    /// <summary><c>null-co</c>.</summary>
    [JsonPropertyName("driver")]
    [JsonPropertyOrder(-3)]
    public override string Driver => "null-co";

    /// <summary>The size in bytes; default 1 GiB.</summary>
    [JsonPropertyName("size")]
    public long? Size { get; init; }

    /// <summary>The latency of a request in nanoseconds.</summary>
    [JsonPropertyName("latency-ns")]
    public long? LatencyNs { get; init; }

    /// <summary>Whether reads give zeros rather than whatever is in memory; default false.</summary>
    [JsonPropertyName("read-zeroes")]
    public bool? ReadZeroes { get; init; }

    internal override void WriteTo(Utf8JsonWriter writer) =>
        JsonSerializer.Serialize(writer, this, QmpJsonContext.Default.BlockdevOptionsNullCo);
}
