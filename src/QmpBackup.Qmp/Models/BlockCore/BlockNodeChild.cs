using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>A child of a node (QEMU 10.1).</summary>
public sealed record BlockNodeChild
{
    /// <summary>The name of the role, such as <c>file</c> or <c>backing</c>.</summary>
    [JsonPropertyName("child")]
    public required string Child { get; init; }

    /// <summary>The name of the child node.</summary>
    [JsonPropertyName("node-name")]
    public string? NodeName { get; init; }
}
