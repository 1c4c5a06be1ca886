using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The class of a QMP error (QAPI <c>QapiErrorClass</c>). Newer versions of QEMU may send others.</summary>
/// <param name="Value">The class as sent.</param>
[JsonConverter(typeof(QapiStringConverter<QmpErrorClass>))]
public readonly record struct QmpErrorClass(string Value) : IQapiString<QmpErrorClass>
{
    /// <summary><c>GenericError</c>: nearly everything.</summary>
    public static QmpErrorClass GenericError { get; } = new("GenericError");

    /// <summary><c>CommandNotFound</c>: this QEMU does not have the command, or does not allow it now.</summary>
    public static QmpErrorClass CommandNotFound { get; } = new("CommandNotFound");

    /// <summary><c>DeviceNotActive</c>: there is no such block job.</summary>
    public static QmpErrorClass DeviceNotActive { get; } = new("DeviceNotActive");

    /// <summary><c>DeviceNotFound</c>: there is no such device.</summary>
    public static QmpErrorClass DeviceNotFound { get; } = new("DeviceNotFound");

    /// <summary><c>KVMMissingCap</c>: the host's KVM lacks a capability.</summary>
    public static QmpErrorClass KvmMissingCap { get; } = new("KVMMissingCap");

    /// <summary>The class as sent.</summary>
    /// <returns>The class as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static QmpErrorClass IQapiString<QmpErrorClass>.FromString(string value) => new(value);
}
