using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>
/// How a command gets its new image (QAPI <c>NewImageMode</c>, QEMU 1.1). Other versions of QEMU may know other values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<NewImageMode>))]
public readonly record struct NewImageMode(string Value) : IQapiString<NewImageMode>
{
    /// <summary><c>existing</c>: it is there already.</summary>
    public static NewImageMode Existing { get; } = new("existing");

    /// <summary><c>absolute-paths</c>: it is made, with an absolute path to its backing file.</summary>
    public static NewImageMode AbsolutePaths { get; } = new("absolute-paths");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static NewImageMode IQapiString<NewImageMode>.FromString(string value) => new(value);
}
