using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The version of QEMU (QAPI <c>VersionInfo</c>, answer of <c>query-version</c>, QEMU 0.14).</summary>
public sealed record VersionInfo
{
    /// <summary>The version number.</summary>
    [JsonPropertyName("qemu")]
    public required VersionTriple Qemu { get; init; }

    /// <summary>The version of the package, as the distribution calls it; empty for a plain build.</summary>
    [JsonPropertyName("package")]
    public string Package { get; init; } = string.Empty;

    /// <summary>The version number.</summary>
    /// <returns>The version number.</returns>
    public override string ToString() => Qemu.ToString();
}
