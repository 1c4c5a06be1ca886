using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>How a node caches (QAPI <c>BlockdevCacheInfo</c>, QEMU 2.3).</summary>
public sealed record BlockdevCacheInfo
{
    /// <summary>Whether writes are answered before they are on the disk.</summary>
    [JsonPropertyName("writeback")]
    public bool Writeback { get; init; }

    /// <summary>Whether the cache of the host is bypassed.</summary>
    [JsonPropertyName("direct")]
    public bool Direct { get; init; }

    /// <summary>Whether flushes are ignored.</summary>
    [JsonPropertyName("no-flush")]
    public bool NoFlush { get; init; }
}
