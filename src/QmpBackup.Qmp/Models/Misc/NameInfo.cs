using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The name of the VM (QAPI <c>NameInfo</c>, answer of <c>query-name</c>, QEMU 0.14).</summary>
public sealed record NameInfo
{
    /// <summary>The name given with <c>-name</c>, or null.</summary>
    [JsonPropertyName("name")]
    public string? Name { get; init; }
}
