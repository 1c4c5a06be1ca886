using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>QEMU answered a command with an error.</summary>
/// <remarks>
/// The QMP specification lets <c>desc</c> change between versions, and it does: use it to inform a person only.
/// Nearly every error has the class <see cref="QmpErrorClass.GenericError"/>, so look at the state before a command
/// rather than at its error after it.
/// </remarks>
public sealed class QmpCommandException : QmpException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="commandName">The name of the command.</param>
    /// <param name="errorClass">The class of the error.</param>
    /// <param name="description">What QEMU says of it.</param>
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

    /// <summary>The class of the error, QMP's <c>class</c>.</summary>
    public QmpErrorClass ErrorClass { get; }

    /// <summary>What QEMU says of the error, QMP's <c>desc</c>, with control characters escaped.</summary>
    public string Description { get; }
}

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
