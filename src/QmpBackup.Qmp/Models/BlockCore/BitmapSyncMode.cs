using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>
/// What becomes of the bitmap of a backup (QAPI <c>BitmapSyncMode</c>, QEMU 4.2). Other versions of QEMU may know other values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<BitmapSyncMode>))]
public readonly record struct BitmapSyncMode(string Value) : IQapiString<BitmapSyncMode>
{
    /// <summary><c>on-success</c>: it is updated when the job succeeds.</summary>
    public static BitmapSyncMode OnSuccess { get; } = new("on-success");

    /// <summary><c>never</c>: it stays as it is.</summary>
    public static BitmapSyncMode Never { get; } = new("never");

    /// <summary><c>always</c>: it is updated by what was copied, even when the job fails.</summary>
    public static BitmapSyncMode Always { get; } = new("always");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static BitmapSyncMode IQapiString<BitmapSyncMode>.FromString(string value) => new(value);
}
