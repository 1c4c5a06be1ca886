using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>A filter with limits (QAPI <c>BlockdevOptionsThrottle</c>, QEMU 2.11).</summary>
public sealed record BlockdevOptionsThrottle : BlockdevOptions
{
    /// <summary><c>throttle</c>.</summary>
    [JsonPropertyName("driver")]
    [JsonPropertyOrder(-3)]
    public override string Driver => "throttle";

    /// <summary>The id of the throttle group.</summary>
    [JsonPropertyName("throttle-group")]
    public required string ThrottleGroup { get; init; }

    /// <summary>The node below.</summary>
    [JsonPropertyName("file")]
    public required BlockdevRef File { get; init; }

    internal override void WriteTo(Utf8JsonWriter writer) =>
        JsonSerializer.Serialize(writer, this, QmpJsonContext.Default.BlockdevOptionsThrottle);
}
