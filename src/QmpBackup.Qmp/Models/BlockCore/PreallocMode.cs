using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>
/// How much of a new image is allocated at once (QAPI <c>PreallocMode</c>, QEMU 2.2). Other versions of QEMU may know other
/// values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<PreallocMode>))]
public readonly record struct PreallocMode(string Value) : IQapiString<PreallocMode>
{
    /// <summary><c>off</c>: nothing.</summary>
    public static PreallocMode Off { get; } = new("off");

    /// <summary><c>metadata</c>: the metadata.</summary>
    public static PreallocMode Metadata { get; } = new("metadata");

    /// <summary><c>falloc</c>: everything, without writing it.</summary>
    public static PreallocMode Falloc { get; } = new("falloc");

    /// <summary><c>full</c>: everything, written.</summary>
    public static PreallocMode Full { get; } = new("full");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static PreallocMode IQapiString<PreallocMode>.FromString(string value) => new(value);
}
