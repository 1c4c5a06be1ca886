using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>
/// The version of a qcow2 image (QAPI <c>BlockdevQcow2Version</c>, QEMU 2.12). Other versions of QEMU may know other values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<BlockdevQcow2Version>))]
public readonly record struct BlockdevQcow2Version(string Value) : IQapiString<BlockdevQcow2Version>
{
    /// <summary><c>v2</c>: compatible with QEMU before 1.1. It cannot store bitmaps.</summary>
    public static BlockdevQcow2Version V2 { get; } = new("v2");

    /// <summary><c>v3</c>: the usual one.</summary>
    public static BlockdevQcow2Version V3 { get; } = new("v3");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static BlockdevQcow2Version IQapiString<BlockdevQcow2Version>.FromString(string value) => new(value);
}
