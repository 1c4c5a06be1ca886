using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>Unstable tuning of a backup (QAPI <c>BackupPerf</c>, QEMU 6.0).</summary>
public sealed record BackupPerf
{
    /// <summary>Whether to use copy offloading.</summary>
    [JsonPropertyName("use-copy-range")]
    public bool? UseCopyRange { get; init; }

    /// <summary>The most parallel requests.</summary>
    [JsonPropertyName("max-workers")]
    public long? MaxWorkers { get; init; }

    /// <summary>The most bytes of one request; 0 for no limit.</summary>
    [JsonPropertyName("max-chunk")]
    public long? MaxChunk { get; init; }

    /// <summary>The fewest bytes of one copy-before-write (QEMU 9.2).</summary>
    [JsonPropertyName("min-cluster-size")]
    public long? MinClusterSize { get; init; }
}
