using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The arguments of <c>blockdev-del</c> (QEMU 2.9).</summary>
public sealed record BlockdevDelArguments
{
    /// <summary>The name of the node.</summary>
    [JsonPropertyName("node-name")]
    public required string NodeName { get; init; }
}
