using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>Whether the VM runs (QAPI <c>StatusInfo</c>, answer of <c>query-status</c>, QEMU 0.14).</summary>
public sealed record StatusInfo
{
    /// <summary>Whether the processors of the VM run.</summary>
    [JsonPropertyName("running")]
    public required bool Running { get; init; }

    /// <summary>What the VM is doing.</summary>
    [JsonPropertyName("status")]
    public required RunState Status { get; init; }
}
