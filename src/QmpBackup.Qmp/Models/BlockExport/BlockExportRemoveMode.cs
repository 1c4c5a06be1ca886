using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>
/// What becomes of the clients when an export is removed (QAPI <c>BlockExportRemoveMode</c>, QEMU 5.2). Other versions of QEMU
/// may know other values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<BlockExportRemoveMode>))]
public readonly record struct BlockExportRemoveMode(string Value) : IQapiString<BlockExportRemoveMode>
{
    /// <summary><c>safe</c>: removing fails while clients are connected.</summary>
    public static BlockExportRemoveMode Safe { get; } = new("safe");

    /// <summary><c>hard</c>: clients are disconnected.</summary>
    public static BlockExportRemoveMode Hard { get; } = new("hard");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static BlockExportRemoveMode IQapiString<BlockExportRemoveMode>.FromString(string value) => new(value);
}
