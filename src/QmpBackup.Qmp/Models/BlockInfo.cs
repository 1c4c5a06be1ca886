using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>A device of the VM and its image (QAPI <c>BlockInfo</c>, answer of <c>query-block</c>, QEMU 0.14).</summary>
public sealed record BlockInfo
{
    /// <summary>The name of the drive; empty for a device that was created with <c>-blockdev</c>.</summary>
    [JsonPropertyName("device")]
    public required string Device { get; init; }

    /// <summary>The QOM path or the id of the device (QEMU 2.10).</summary>
    [JsonPropertyName("qdev")]
    public string? QDev { get; init; }

    /// <summary>Obsolete: always <c>unknown</c>.</summary>
    [JsonPropertyName("type")]
    public string? Type { get; init; }

    /// <summary>Whether the device has removable media.</summary>
    [JsonPropertyName("removable")]
    public bool Removable { get; init; }

    /// <summary>Whether the guest has locked the medium.</summary>
    [JsonPropertyName("locked")]
    public bool Locked { get; init; }

    /// <summary>The image, or null when the device is empty. While a backup job runs, this is the filter of the job.</summary>
    [JsonPropertyName("inserted")]
    public BlockDeviceInfo? Inserted { get; init; }

    /// <summary>Whether the tray is open; null when the device has none.</summary>
    [JsonPropertyName("tray_open")]
    public bool? TrayOpen { get; init; }

    /// <summary>The result of the last I/O operation, when the device stops the VM on errors.</summary>
    [JsonPropertyName("io-status")]
    public BlockDeviceIoStatus? IOStatus { get; init; }
}

/// <summary>
/// The result of the last I/O operation of a device (QAPI <c>BlockDeviceIoStatus</c>, QEMU 1.0). Other versions of QEMU may know other
/// values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<BlockDeviceIoStatus>))]
public readonly record struct BlockDeviceIoStatus(string Value) : IQapiString<BlockDeviceIoStatus>
{
    /// <summary><c>ok</c>: no error.</summary>
    public static BlockDeviceIoStatus Ok { get; } = new("ok");

    /// <summary><c>failed</c>: the operation failed and the VM was stopped.</summary>
    public static BlockDeviceIoStatus Failed { get; } = new("failed");

    /// <summary><c>nospace</c>: there was no space left and the VM was stopped.</summary>
    public static BlockDeviceIoStatus NoSpace { get; } = new("nospace");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static BlockDeviceIoStatus IQapiString<BlockDeviceIoStatus>.FromString(string value) => new(value);
}

/// <summary>The arguments of <c>query-named-block-nodes</c> (QEMU 2.0).</summary>
public sealed record QueryNamedBlockNodesArguments
{
    /// <summary>Whether to leave out the backing images of each node, which are in the list as nodes; default false (QEMU 5.0).</summary>
    [JsonPropertyName("flat")]
    public bool? Flat { get; init; }
}

/// <summary>The arguments of <c>blockdev-del</c> (QEMU 2.9).</summary>
public sealed record BlockdevDelArguments
{
    /// <summary>The name of the node.</summary>
    [JsonPropertyName("node-name")]
    public required string NodeName { get; init; }
}

/// <summary>The arguments of <c>block-set-write-threshold</c> (QEMU 2.3).</summary>
public sealed record BlockSetWriteThresholdArguments
{
    /// <summary>The name of the node. To watch the size of a file, use the file node, not the format node above it.</summary>
    [JsonPropertyName("node-name")]
    public required string NodeName { get; init; }

    /// <summary>
    /// The offset in bytes beyond which a write raises <c>BLOCK_WRITE_THRESHOLD</c>, once; 0 removes the threshold.
    /// </summary>
    [JsonPropertyName("write-threshold")]
    public required long WriteThreshold { get; init; }
}
