using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The data of <c>BLOCK_EXPORT_DELETED</c> (QEMU 5.2).</summary>
public sealed record BlockExportDeletedEvent
{
    /// <summary>The id of the export.</summary>
    [JsonPropertyName("id")]
    public required string Id { get; init; }
}

/// <summary>The data of <c>BLOCK_IO_ERROR</c> (QEMU 0.13). At most one per second, unless the VM is stopped.</summary>
public sealed record BlockIOErrorEvent
{
    /// <summary>The name of the drive; it may be empty.</summary>
    [JsonPropertyName("device")]
    public string? Device { get; init; }

    /// <summary>The node; while a backup job runs, this is its filter. Null when it is gone (QEMU 2.8).</summary>
    [JsonPropertyName("node-name")]
    public string? NodeName { get; init; }

    /// <summary>The QOM path of the device (QEMU 9.2).</summary>
    [JsonPropertyName("qom-path")]
    public string? QomPath { get; init; }

    /// <summary>The direction of the failed operation.</summary>
    [JsonPropertyName("operation")]
    public required IoOperationType Operation { get; init; }

    /// <summary>The reaction of QEMU.</summary>
    [JsonPropertyName("action")]
    public required BlockErrorAction Action { get; init; }

    /// <summary>Whether there was no space left; null when that is unknown.</summary>
    [JsonPropertyName("nospace")]
    public bool? NoSpace { get; init; }

    /// <summary>The reason, for people.</summary>
    [JsonPropertyName("reason")]
    public string? Reason { get; init; }
}

/// <summary>
/// The reaction of QEMU to an I/O error (QAPI <c>BlockErrorAction</c>, QEMU 2.1). Other versions of QEMU may know other values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<BlockErrorAction>))]
public readonly record struct BlockErrorAction(string Value) : IQapiString<BlockErrorAction>
{
    /// <summary><c>ignore</c>: the error was ignored.</summary>
    public static BlockErrorAction Ignore { get; } = new("ignore");

    /// <summary><c>report</c>: the error was reported to the guest, or failed the job.</summary>
    public static BlockErrorAction Report { get; } = new("report");

    /// <summary><c>stop</c>: the VM or the job was stopped.</summary>
    public static BlockErrorAction Stop { get; } = new("stop");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static BlockErrorAction IQapiString<BlockErrorAction>.FromString(string value) => new(value);
}

/// <summary>
/// The direction of an I/O operation (QAPI <c>IoOperationType</c>, QEMU 1.3). Other versions of QEMU may know other values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<IoOperationType>))]
public readonly record struct IoOperationType(string Value) : IQapiString<IoOperationType>
{
    /// <summary><c>read</c>: reading.</summary>
    public static IoOperationType Read { get; } = new("read");

    /// <summary><c>write</c>: writing.</summary>
    public static IoOperationType Write { get; } = new("write");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static IoOperationType IQapiString<IoOperationType>.FromString(string value) => new(value);
}

/// <summary>The data of <c>BLOCK_WRITE_THRESHOLD</c> (QEMU 2.3).</summary>
public sealed record BlockWriteThresholdEvent
{
    /// <summary>The node.</summary>
    [JsonPropertyName("node-name")]
    public required string NodeName { get; init; }

    /// <summary>The bytes that were written beyond the threshold.</summary>
    [JsonPropertyName("amount-exceeded")]
    public long AmountExceeded { get; init; }

    /// <summary>The threshold, in bytes. It is removed by this event.</summary>
    [JsonPropertyName("write-threshold")]
    public long WriteThreshold { get; init; }
}

/// <summary>The data of <c>BLOCK_IMAGE_CORRUPTED</c> (QEMU 1.7).</summary>
public sealed record BlockImageCorruptedEvent
{
    /// <summary>The name of the drive; it may be empty.</summary>
    [JsonPropertyName("device")]
    public string? Device { get; init; }

    /// <summary>The node (QEMU 2.4).</summary>
    [JsonPropertyName("node-name")]
    public string? NodeName { get; init; }

    /// <summary>A description of the damage, for people.</summary>
    [JsonPropertyName("msg")]
    public string? Message { get; init; }

    /// <summary>The offset, in bytes.</summary>
    [JsonPropertyName("offset")]
    public long? Offset { get; init; }

    /// <summary>The length, in bytes.</summary>
    [JsonPropertyName("size")]
    public long? Size { get; init; }

    /// <summary>Whether the image is no longer usable.</summary>
    [JsonPropertyName("fatal")]
    public bool Fatal { get; init; }
}
