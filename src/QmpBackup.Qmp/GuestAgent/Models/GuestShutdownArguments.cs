using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The arguments of <c>guest-shutdown</c> (QEMU 0.15).</summary>
public sealed record GuestShutdownArguments
{
    /// <summary><c>powerdown</c>, <c>reboot</c> or <c>halt</c>; null for <c>powerdown</c>.</summary>
    [JsonPropertyName("mode")]
    public string? Mode { get; init; }
}
