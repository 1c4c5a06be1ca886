using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The data of <c>SHUTDOWN</c> (QEMU 0.12).</summary>
public sealed record ShutdownEvent
{
    /// <summary>Whether the guest asked for it (QEMU 2.10).</summary>
    [JsonPropertyName("guest")]
    public bool Guest { get; init; }

    /// <summary>Why (QEMU 4.0).</summary>
    [JsonPropertyName("reason")]
    public ShutdownCause? Reason { get; init; }
}
