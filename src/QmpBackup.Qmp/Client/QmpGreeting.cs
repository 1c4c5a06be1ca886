using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The greeting of QEMU at the start of a session.</summary>
public sealed record QmpGreeting
{
    /// <summary>The version of QEMU. To decide what QEMU can do, prefer <see cref="QmpSchema"/>.</summary>
    [JsonPropertyName("version")]
    public required VersionInfo Version { get; init; }

    /// <summary>The protocol capabilities that QEMU offers, such as <c>oob</c>.</summary>
    [JsonPropertyName("capabilities")]
    public IReadOnlyList<string> Capabilities { get; init; } = [];
}

/// <summary>The version of QEMU (QAPI <c>VersionInfo</c>, answer of <c>query-version</c>, QEMU 0.14).</summary>
public sealed record VersionInfo
{
    /// <summary>The version number.</summary>
    [JsonPropertyName("qemu")]
    public required VersionTriple Qemu { get; init; }

    /// <summary>The version of the distribution's package; empty for a plain build.</summary>
    [JsonPropertyName("package")]
    public string Package { get; init; } = string.Empty;

    /// <summary>The version number.</summary>
    /// <returns>The version number.</returns>
    public override string ToString() => Qemu.ToString();
}

/// <summary>A version number (QAPI <c>VersionTriple</c>, QEMU 2.4).</summary>
public sealed record VersionTriple
{
    /// <summary>The major version.</summary>
    [JsonPropertyName("major")]
    public required int Major { get; init; }

    /// <summary>The minor version.</summary>
    [JsonPropertyName("minor")]
    public required int Minor { get; init; }

    /// <summary>The micro version. Release candidates have the version before and a micro version from 90 on.</summary>
    [JsonPropertyName("micro")]
    public required int Micro { get; init; }

    /// <summary>Whether this version is at least the given one.</summary>
    /// <param name="major">The major version.</param>
    /// <param name="minor">The minor version.</param>
    /// <param name="micro">The micro version.</param>
    /// <returns>True for the same or a later version.</returns>
    public bool IsAtLeast(int major, int minor, int micro = 0) => (Major, Minor, Micro).CompareTo((major, minor, micro)) >= 0;

    /// <summary>The version as major.minor.micro.</summary>
    /// <returns>The version.</returns>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Major}.{Minor}.{Micro}");
}

/// <summary>The arguments of <c>qmp_capabilities</c> (QEMU 0.13).</summary>
internal sealed record QmpCapabilitiesArguments
{
    /// <summary>The capabilities to enable, such as <c>oob</c> (QEMU 2.12).</summary>
    [JsonPropertyName("enable")]
    public IReadOnlyList<string>? Enable { get; init; }
}

/// <summary>JSON metadata for the start of a session.</summary>
[JsonSourceGenerationOptions(
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    GenerationMode = JsonSourceGenerationMode.Metadata,
    MaxDepth = 1024)]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(QmpCapabilitiesArguments))]
[JsonSerializable(typeof(QmpGreeting))]
[JsonSerializable(typeof(QmpVoid))]
internal sealed partial class QmpClientJsonContext : JsonSerializerContext;
