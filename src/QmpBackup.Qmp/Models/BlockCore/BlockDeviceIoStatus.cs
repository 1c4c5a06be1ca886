using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>
/// How the last I/O operation of a device went (QAPI <c>BlockDeviceIoStatus</c>, QEMU 1.0). Other versions of QEMU may know other
/// values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<BlockDeviceIoStatus>))]
public readonly record struct BlockDeviceIoStatus(string Value) : IQapiString<BlockDeviceIoStatus>
{
    /// <summary><c>ok</c>: well.</summary>
    public static BlockDeviceIoStatus Ok { get; } = new("ok");

    /// <summary><c>failed</c>: it failed and the VM was stopped.</summary>
    public static BlockDeviceIoStatus Failed { get; } = new("failed");

    /// <summary><c>nospace</c>: there was no space and the VM was stopped.</summary>
    public static BlockDeviceIoStatus NoSpace { get; } = new("nospace");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static BlockDeviceIoStatus IQapiString<BlockDeviceIoStatus>.FromString(string value) => new(value);
}
