using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The arguments of <c>qom-list</c> (QEMU 1.2).</summary>
public sealed record QomListArguments
{
    /// <summary>The path of the object, absolute such as <c>/machine/peripheral</c>, or partial.</summary>
    [JsonPropertyName("path")]
    public required string Path { get; init; }
}
