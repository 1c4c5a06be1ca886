using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>What an agent is and can do (QGA <c>GuestAgentInfo</c>, answer of <c>guest-info</c>, QEMU 0.15).</summary>
public sealed record GuestAgentInfo
{
    /// <summary>The version of the agent, as it says.</summary>
    [JsonPropertyName("version")]
    public required string Version { get; init; }

    /// <summary>Every command that it knows.</summary>
    [JsonPropertyName("supported_commands")]
    public required IReadOnlyList<GuestAgentCommandInfo> SupportedCommands { get; init; }
}
