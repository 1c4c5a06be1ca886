using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>
/// Which way an I/O operation went (QAPI <c>IoOperationType</c>, QEMU 1.3). Other versions of QEMU may know other values.
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
