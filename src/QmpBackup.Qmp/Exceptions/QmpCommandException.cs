using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>QEMU answered a command with an error.</summary>
/// <remarks>
/// <c>desc</c> is for people only: it changes between versions of QEMU. Nearly all errors have the class
/// <see cref="QmpErrorClass.GenericError"/>. So check the state before a command instead of its error after it.
/// </remarks>
public sealed class QmpCommandException : QmpException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="commandName">The name of the command.</param>
    /// <param name="errorClass">The class of the error.</param>
    /// <param name="description">QEMU's description of the error.</param>
    public QmpCommandException(string commandName, QmpErrorClass errorClass, string description)
        : base(
            $"QEMU refused \"{PeerText.Escape(commandName)}\": {PeerText.Escape(description)} ({PeerText.Escape(errorClass.Value)})",
            innerException: null)
    {
        CommandName = commandName;
        ErrorClass = errorClass;
        Description = PeerText.Escape(description);
    }

    /// <summary>The name of the command that was refused.</summary>
    public string CommandName { get; }

    /// <summary>The class of the error (<c>class</c>).</summary>
    public QmpErrorClass ErrorClass { get; }

    /// <summary>QEMU's description of the error (<c>desc</c>), with control characters escaped.</summary>
    public string Description { get; }
}

/// <summary>The class of a QMP error (QAPI <c>QapiErrorClass</c>). Other versions of QEMU may send other values.</summary>
/// <param name="Value">The class as sent.</param>
[JsonConverter(typeof(QapiStringConverter<QmpErrorClass>))]
public readonly record struct QmpErrorClass(string Value) : IQapiString<QmpErrorClass>
{
    /// <summary><c>GenericError</c>: almost all errors.</summary>
    public static QmpErrorClass GenericError { get; } = new("GenericError");

    /// <summary><c>CommandNotFound</c>: QEMU does not have the command, or does not allow it now.</summary>
    public static QmpErrorClass CommandNotFound { get; } = new("CommandNotFound");

    /// <summary><c>DeviceNotActive</c>: the block job does not exist.</summary>
    public static QmpErrorClass DeviceNotActive { get; } = new("DeviceNotActive");

    /// <summary><c>DeviceNotFound</c>: the device does not exist.</summary>
    public static QmpErrorClass DeviceNotFound { get; } = new("DeviceNotFound");

    /// <summary><c>KVMMissingCap</c>: the host's KVM lacks a capability.</summary>
    public static QmpErrorClass KvmMissingCap { get; } = new("KVMMissingCap");

    /// <summary>The class, as sent.</summary>
    /// <returns>The class as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static QmpErrorClass IQapiString<QmpErrorClass>.FromString(string value) => new(value);
}
