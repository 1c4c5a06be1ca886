using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The version and the commands of an agent (QGA <c>GuestAgentInfo</c>, answer of <c>guest-info</c>, QEMU 0.15).</summary>
public sealed record GuestAgentInfo
{
    /// <summary>The version of the agent.</summary>
    [JsonPropertyName("version")]
    public required string Version { get; init; }

    /// <summary>All commands of the agent.</summary>
    [JsonPropertyName("supported_commands")]
    public required IReadOnlyList<GuestAgentCommandInfo> SupportedCommands { get; init; }
}

/// <summary>A command of an agent (QGA <c>GuestAgentCommandInfo</c>, QEMU 1.1).</summary>
public sealed record GuestAgentCommandInfo
{
    /// <summary>The name of the command.</summary>
    [JsonPropertyName("name")]
    public required string Name { get; init; }

    /// <summary>Whether it is allowed now: the configuration can forbid commands, and a frozen guest allows few.</summary>
    [JsonPropertyName("enabled")]
    public required bool Enabled { get; init; }

    /// <summary>Whether it answers on success; null when the agent is too old to report it (QEMU 1.7).</summary>
    [JsonPropertyName("success-response")]
    public bool? SuccessResponse { get; init; }
}

/// <summary>The arguments of <c>guest-sync</c> (QEMU 0.15) and <c>guest-sync-delimited</c> (QEMU 1.1).</summary>
public sealed record GuestSyncArguments
{
    /// <summary>A number of the caller's choice, which the agent sends back.</summary>
    [JsonPropertyName("id")]
    public required long Id { get; init; }
}

/// <summary>
/// Whether the file systems of a guest are frozen (QGA <c>GuestFsfreezeStatus</c>, QEMU 0.15). Other versions may know other values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<GuestFsfreezeStatus>))]
public readonly record struct GuestFsfreezeStatus(string Value) : IQapiString<GuestFsfreezeStatus>
{
    /// <summary><c>thawed</c>: no file system is frozen by the agent.</summary>
    public static GuestFsfreezeStatus Thawed { get; } = new("thawed");

    /// <summary><c>frozen</c>: the agent has frozen file systems.</summary>
    public static GuestFsfreezeStatus Frozen { get; } = new("frozen");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static GuestFsfreezeStatus IQapiString<GuestFsfreezeStatus>.FromString(string value) => new(value);
}

/// <summary>The arguments of <c>guest-fsfreeze-freeze-list</c> (QEMU 2.2).</summary>
public sealed record GuestFsfreezeFreezeListArguments
{
    /// <summary>The mount points of the file systems to freeze. Other paths are ignored. Null for all file systems.</summary>
    [JsonPropertyName("mountpoints")]
    public IReadOnlyList<string>? Mountpoints { get; init; }
}

/// <summary>The arguments of <c>guest-shutdown</c> (QEMU 0.15).</summary>
public sealed record GuestShutdownArguments
{
    /// <summary><c>powerdown</c>, <c>reboot</c> or <c>halt</c>; null for <c>powerdown</c>.</summary>
    [JsonPropertyName("mode")]
    public string? Mode { get; init; }
}

/// <summary>
/// The operating system of a guest (QGA <c>GuestOSInfo</c>, answer of <c>guest-get-osinfo</c>, QEMU 2.10). Members that
/// the agent does not know are null.
/// </summary>
public sealed record GuestOSInfo
{
    /// <summary>The release of the kernel, such as <c>6.1.0-25-amd64</c>.</summary>
    [JsonPropertyName("kernel-release")]
    public string? KernelRelease { get; init; }

    /// <summary>The version of the kernel.</summary>
    [JsonPropertyName("kernel-version")]
    public string? KernelVersion { get; init; }

    /// <summary>The architecture, such as <c>x86_64</c>.</summary>
    [JsonPropertyName("machine")]
    public string? Machine { get; init; }

    /// <summary>The id of the system, such as <c>debian</c> or <c>mswindows</c>.</summary>
    [JsonPropertyName("id")]
    public string? Id { get; init; }

    /// <summary>The name of the system, for people.</summary>
    [JsonPropertyName("name")]
    public string? Name { get; init; }

    /// <summary>The name with the version, for people.</summary>
    [JsonPropertyName("pretty-name")]
    public string? PrettyName { get; init; }

    /// <summary>The version, for people.</summary>
    [JsonPropertyName("version")]
    public string? Version { get; init; }

    /// <summary>The id of the version.</summary>
    [JsonPropertyName("version-id")]
    public string? VersionId { get; init; }

    /// <summary>The variant, for people, such as <c>Server Edition</c>.</summary>
    [JsonPropertyName("variant")]
    public string? Variant { get; init; }

    /// <summary>The id of the variant, such as <c>server</c>.</summary>
    [JsonPropertyName("variant-id")]
    public string? VariantId { get; init; }
}
