using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The data of <c>blockdev-snapshot</c> (QAPI <c>BlockdevSnapshot</c>, QEMU 2.5).</summary>
public sealed record BlockdevSnapshot
{
    /// <summary>The node, or the device, to take a snapshot of.</summary>
    [JsonPropertyName("node")]
    public required string Node { get; init; }

    /// <summary>The node that becomes the new top. It has no backing node yet.</summary>
    [JsonPropertyName("overlay")]
    public required string Overlay { get; init; }
}
