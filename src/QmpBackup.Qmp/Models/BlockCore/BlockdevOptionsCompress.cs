using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>A filter that makes writes compressed ones (QAPI <c>BlockdevOptionsGenericFormat</c>, QEMU 5.0).</summary>
public sealed record BlockdevOptionsCompress : BlockdevOptions
{
    /// <summary><c>compress</c>.</summary>
    [JsonPropertyName("driver")]
    [JsonPropertyOrder(-3)]
    public override string Driver => "compress";

    /// <summary>The node below.</summary>
    [JsonPropertyName("file")]
    public required BlockdevRef File { get; init; }

    internal override void WriteTo(Utf8JsonWriter writer) =>
        JsonSerializer.Serialize(writer, this, QmpJsonContext.Default.BlockdevOptionsCompress);
}
