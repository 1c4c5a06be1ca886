using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>
/// How a qcow2 image compresses (QAPI <c>Qcow2CompressionType</c>, QEMU 5.1). Other versions of QEMU may know other values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<Qcow2CompressionType>))]
public readonly record struct Qcow2CompressionType(string Value) : IQapiString<Qcow2CompressionType>
{
    /// <summary><c>zlib</c>: zlib.</summary>
    public static Qcow2CompressionType Zlib { get; } = new("zlib");

    /// <summary><c>zstd</c>: zstd.</summary>
    public static Qcow2CompressionType Zstd { get; } = new("zstd");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static Qcow2CompressionType IQapiString<Qcow2CompressionType>.FromString(string value) => new(value);
}
