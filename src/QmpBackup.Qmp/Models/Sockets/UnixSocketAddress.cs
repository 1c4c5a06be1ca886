using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>A unix socket address (QAPI <c>UnixSocketAddress</c>, QEMU 1.3).</summary>
public sealed record UnixSocketAddress
{
    /// <summary>The path of the socket, on the host of the VM; at most 107 bytes.</summary>
    [JsonPropertyName("path")]
    public required string Path { get; init; }

    /// <summary>Whether the name lies in Linux's abstract namespace (QEMU 5.1).</summary>
    [JsonPropertyName("abstract")]
    public bool? Abstract { get; init; }

    /// <summary>Whether the abstract name ends with the path rather than being filled with NULs (QEMU 5.1).</summary>
    [JsonPropertyName("tight")]
    public bool? Tight { get; init; }
}
