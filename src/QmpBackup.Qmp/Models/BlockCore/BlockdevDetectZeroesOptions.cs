using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>
/// What happens to writes of zeros (QAPI <c>BlockdevDetectZeroesOptions</c>, QEMU 2.1). Other versions of QEMU may know other
/// values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<BlockdevDetectZeroesOptions>))]
public readonly record struct BlockdevDetectZeroesOptions(string Value) : IQapiString<BlockdevDetectZeroesOptions>
{
    /// <summary><c>off</c>: nothing special.</summary>
    public static BlockdevDetectZeroesOptions Off { get; } = new("off");

    /// <summary><c>on</c>: they become efficient writes of zeros.</summary>
    public static BlockdevDetectZeroesOptions On { get; } = new("on");

    /// <summary><c>unmap</c>: they become discards where possible.</summary>
    public static BlockdevDetectZeroesOptions Unmap { get; } = new("unmap");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static BlockdevDetectZeroesOptions IQapiString<BlockdevDetectZeroesOptions>.FromString(string value) => new(value);
}
