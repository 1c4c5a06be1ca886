using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>A raw image, or a part of one (QAPI <c>BlockdevOptionsRaw</c>).</summary>
public sealed record BlockdevOptionsRaw : BlockdevOptions
{
    /// <summary><c>raw</c>.</summary>
    [JsonPropertyName("driver")]
    [JsonPropertyOrder(-3)]
    public override string Driver => "raw";

    /// <summary>The node below.</summary>
    [JsonPropertyName("file")]
    public required BlockdevRef File { get; init; }

    /// <summary>Where it begins in bytes.</summary>
    [JsonPropertyName("offset")]
    public long? Offset { get; init; }

    /// <summary>Its size in bytes; default the rest.</summary>
    [JsonPropertyName("size")]
    public long? Size { get; init; }

    internal override void WriteTo(Utf8JsonWriter writer) =>
        JsonSerializer.Serialize(writer, this, QmpJsonContext.Default.BlockdevOptionsRaw);
}
