using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The UUID of the VM (QAPI <c>UuidInfo</c>, answer of <c>query-uuid</c>, QEMU 0.14).</summary>
public sealed record UuidInfo
{
    /// <summary>The UUID; all zeros when none was given with <c>-uuid</c>.</summary>
    [JsonPropertyName("UUID")]
    public required string Uuid { get; init; }

    /// <summary>Whether the VM was given a UUID.</summary>
    [JsonIgnore]
    public bool IsSet => Guid.TryParse(Uuid, out var uuid) && uuid != Guid.Empty;
}
