using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>A group of nodes that share limits (QAPI <c>ThrottleGroupProperties</c>, QEMU 2.11).</summary>
public sealed record ObjectOptionsThrottleGroup : ObjectOptions
{
    /// <summary><c>throttle-group</c>.</summary>
    [JsonPropertyName("qom-type")]
    [JsonPropertyOrder(-3)]
    public override string QomType => "throttle-group";

    /// <summary>The limits.</summary>
    [JsonPropertyName("limits")]
    public ThrottleLimits? Limits { get; init; }

    internal override void WriteTo(Utf8JsonWriter writer) =>
        JsonSerializer.Serialize(writer, this, QmpJsonContext.Default.ObjectOptionsThrottleGroup);
}
