using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The data of <c>BLOCK_IO_ERROR</c> (QEMU 0.13). At most one a second, except where the VM is stopped.</summary>
public sealed record BlockIOErrorEvent
{
    /// <summary>The name of the drive; it may be empty.</summary>
    [JsonPropertyName("device")]
    public string? Device { get; init; }

    /// <summary>The node, which is the filter while a backup job runs; null when it has gone (QEMU 2.8).</summary>
    [JsonPropertyName("node-name")]
    public string? NodeName { get; init; }

    /// <summary>The QOM path of the device (QEMU 9.2).</summary>
    [JsonPropertyName("qom-path")]
    public string? QomPath { get; init; }

    /// <summary>Which way the failed operation went.</summary>
    [JsonPropertyName("operation")]
    public required IoOperationType Operation { get; init; }

    /// <summary>What was done about it.</summary>
    [JsonPropertyName("action")]
    public required BlockErrorAction Action { get; init; }

    /// <summary>Whether there was no space left; null when that cannot be told.</summary>
    [JsonPropertyName("nospace")]
    public bool? NoSpace { get; init; }

    /// <summary>Why, for a person.</summary>
    [JsonPropertyName("reason")]
    public string? Reason { get; init; }
}
