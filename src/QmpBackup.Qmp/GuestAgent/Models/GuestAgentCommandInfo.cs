using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>A command of an agent (QGA <c>GuestAgentCommandInfo</c>, QEMU 1.1).</summary>
public sealed record GuestAgentCommandInfo
{
    /// <summary>The name of the command.</summary>
    [JsonPropertyName("name")]
    public required string Name { get; init; }

    /// <summary>Whether it can be used now: an administrator can forbid commands, and a frozen guest allows few.</summary>
    [JsonPropertyName("enabled")]
    public required bool Enabled { get; init; }

    /// <summary>Whether it answers when it succeeds; null where the agent is too old to say (QEMU 1.7).</summary>
    [JsonPropertyName("success-response")]
    public bool? SuccessResponse { get; init; }
}
