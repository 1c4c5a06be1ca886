using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>An internal snapshot (QAPI <c>SnapshotInfo</c>, QEMU 1.3).</summary>
public sealed record SnapshotInfo
{
    /// <summary>The id.</summary>
    [JsonPropertyName("id")]
    public required string Id { get; init; }

    /// <summary>The name.</summary>
    [JsonPropertyName("name")]
    public required string Name { get; init; }

    /// <summary>The size of the state of the VM in bytes.</summary>
    [JsonPropertyName("vm-state-size")]
    public long VmStateSize { get; init; }

    /// <summary>When it was taken, in seconds since 1970.</summary>
    [JsonPropertyName("date-sec")]
    public long DateSec { get; init; }

    /// <summary>The nanoseconds of that.</summary>
    [JsonPropertyName("date-nsec")]
    public long DateNsec { get; init; }

    /// <summary>How long the VM had run, in seconds.</summary>
    [JsonPropertyName("vm-clock-sec")]
    public long VmClockSec { get; init; }

    /// <summary>The nanoseconds of that.</summary>
    [JsonPropertyName("vm-clock-nsec")]
    public long VmClockNsec { get; init; }

    /// <summary>How many instructions had run (QEMU 5.2).</summary>
    [JsonPropertyName("icount")]
    public long? Icount { get; init; }
}
