using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The limits of a node (QAPI <c>BlockLimitsInfo</c>, QEMU 10.2).</summary>
public sealed record BlockLimitsInfo
{
    /// <summary>The alignment of requests in bytes.</summary>
    [JsonPropertyName("request-alignment")]
    public long RequestAlignment { get; init; }

    /// <summary>The best alignment of memory in bytes.</summary>
    [JsonPropertyName("opt-mem-alignment")]
    public long OptMemAlignment { get; init; }

    /// <summary>The least alignment of memory in bytes.</summary>
    [JsonPropertyName("min-mem-alignment")]
    public long MinMemAlignment { get; init; }

    /// <summary>The most bytes of one request; null for no limit.</summary>
    [JsonPropertyName("max-transfer")]
    public long? MaxTransfer { get; init; }

    /// <summary>The best size of a request in bytes.</summary>
    [JsonPropertyName("opt-transfer")]
    public long? OptTransfer { get; init; }

    /// <summary>The most bytes of one discard; null for no limit.</summary>
    [JsonPropertyName("max-discard")]
    public long? MaxDiscard { get; init; }

    /// <summary>The alignment of discards in bytes.</summary>
    [JsonPropertyName("discard-alignment")]
    public long? DiscardAlignment { get; init; }
}
