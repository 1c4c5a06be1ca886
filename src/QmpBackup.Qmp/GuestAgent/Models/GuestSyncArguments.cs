using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The arguments of <c>guest-sync</c> (QEMU 0.15) and <c>guest-sync-delimited</c> (QEMU 1.1).</summary>
public sealed record GuestSyncArguments
{
    /// <summary>A number of the caller's choice, which the agent sends back.</summary>
    [JsonPropertyName("id")]
    public required long Id { get; init; }
}
