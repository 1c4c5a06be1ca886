using System.Globalization;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>A version number (QAPI <c>VersionTriple</c>, QEMU 2.4).</summary>
public sealed record VersionTriple
{
    /// <summary>The major version.</summary>
    [JsonPropertyName("major")]
    public required int Major { get; init; }

    /// <summary>The minor version.</summary>
    [JsonPropertyName("minor")]
    public required int Minor { get; init; }

    /// <summary>The micro version; release candidates count from 90 of the version before.</summary>
    [JsonPropertyName("micro")]
    public required int Micro { get; init; }

    /// <summary>Whether this is that version or a later one.</summary>
    /// <param name="major">The major version.</param>
    /// <param name="minor">The minor version.</param>
    /// <param name="micro">The micro version.</param>
    /// <returns>Whether this is that version or a later one.</returns>
    public bool IsAtLeast(int major, int minor, int micro = 0) => (Major, Minor, Micro).CompareTo((major, minor, micro)) >= 0;

    /// <summary>The version as major.minor.micro.</summary>
    /// <returns>The version.</returns>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Major}.{Minor}.{Micro}");
}
