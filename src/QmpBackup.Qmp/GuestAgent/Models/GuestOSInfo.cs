using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The operating system of a guest (QGA <c>GuestOSInfo</c>, answer of <c>guest-get-osinfo</c>, QEMU 2.10). Everything is null where the agent cannot tell.</summary>
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

    /// <summary>The name for programs, such as <c>debian</c> or <c>mswindows</c>.</summary>
    [JsonPropertyName("id")]
    public string? Id { get; init; }

    /// <summary>The name for people.</summary>
    [JsonPropertyName("name")]
    public string? Name { get; init; }

    /// <summary>The name for people, with the version.</summary>
    [JsonPropertyName("pretty-name")]
    public string? PrettyName { get; init; }

    /// <summary>The version for people.</summary>
    [JsonPropertyName("version")]
    public string? Version { get; init; }

    /// <summary>The version for programs.</summary>
    [JsonPropertyName("version-id")]
    public string? VersionId { get; init; }

    /// <summary>The variant for people, such as <c>Server Edition</c>.</summary>
    [JsonPropertyName("variant")]
    public string? Variant { get; init; }

    /// <summary>The variant for programs, such as <c>server</c>.</summary>
    [JsonPropertyName("variant-id")]
    public string? VariantId { get; init; }
}
