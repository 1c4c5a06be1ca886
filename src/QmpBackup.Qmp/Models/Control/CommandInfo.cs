using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>A command that this QEMU has (QAPI <c>CommandInfo</c>, QEMU 0.14).</summary>
public sealed record CommandInfo
{
    /// <summary>The name of the command.</summary>
    [JsonPropertyName("name")]
    public required string Name { get; init; }
}
