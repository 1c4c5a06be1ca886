using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>How a node caches (QAPI <c>BlockdevCacheOptions</c>, QEMU 2.9).</summary>
public sealed record BlockdevCacheOptions
{
    /// <summary>Whether to bypass the cache of the host; default false.</summary>
    [JsonPropertyName("direct")]
    public bool? Direct { get; init; }

    /// <summary>Whether to ignore flushes; default false.</summary>
    [JsonPropertyName("no-flush")]
    public bool? NoFlush { get; init; }
}
