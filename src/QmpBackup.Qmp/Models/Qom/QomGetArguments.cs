using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The arguments of <c>qom-get</c> (QEMU 1.2).</summary>
public sealed record QomGetArguments
{
    /// <summary>The path of the object, absolute such as <c>/machine/peripheral/disk0</c>, or partial.</summary>
    [JsonPropertyName("path")]
    public required string Path { get; init; }

    /// <summary>The name of the property.</summary>
    [JsonPropertyName("property")]
    public required string Property { get; init; }
}
