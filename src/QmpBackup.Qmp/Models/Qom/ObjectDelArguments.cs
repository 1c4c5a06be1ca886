using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The arguments of <c>object-del</c> (QEMU 2.0).</summary>
public sealed record ObjectDelArguments
{
    /// <summary>The id of the object.</summary>
    [JsonPropertyName("id")]
    public required string Id { get; init; }
}
