using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>What QEMU says of itself when a session begins.</summary>
public sealed record QmpGreeting
{
    /// <summary>The version of QEMU. Prefer <see cref="QmpSchema"/> to it for deciding what this QEMU can do.</summary>
    [JsonPropertyName("version")]
    public required VersionInfo Version { get; init; }

    /// <summary>The protocol capabilities that QEMU offers, such as <c>oob</c>.</summary>
    [JsonPropertyName("capabilities")]
    public IReadOnlyList<string> Capabilities { get; init; } = [];
}
