using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>
/// What happens to discards (QAPI <c>BlockdevDiscardOptions</c>, QEMU 2.9). Other versions of QEMU may know other values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<BlockdevDiscardOptions>))]
public readonly record struct BlockdevDiscardOptions(string Value) : IQapiString<BlockdevDiscardOptions>
{
    /// <summary><c>ignore</c>: they are ignored.</summary>
    public static BlockdevDiscardOptions Ignore { get; } = new("ignore");

    /// <summary><c>unmap</c>: they are passed on.</summary>
    public static BlockdevDiscardOptions Unmap { get; } = new("unmap");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static BlockdevDiscardOptions IQapiString<BlockdevDiscardOptions>.FromString(string value) => new(value);
}
