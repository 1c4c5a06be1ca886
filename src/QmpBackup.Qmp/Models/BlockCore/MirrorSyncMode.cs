using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>What a backup copies (QAPI <c>MirrorSyncMode</c>, QEMU 1.3). Other versions of QEMU may know other values.</summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<MirrorSyncMode>))]
public readonly record struct MirrorSyncMode(string Value) : IQapiString<MirrorSyncMode>
{
    /// <summary><c>top</c>: what is allocated in the topmost image.</summary>
    public static MirrorSyncMode Top { get; } = new("top");

    /// <summary><c>full</c>: everything.</summary>
    public static MirrorSyncMode Full { get; } = new("full");

    /// <summary><c>none</c>: only what the guest is about to overwrite: the point in time of a pull-mode backup.</summary>
    public static MirrorSyncMode None { get; } = new("none");

    /// <summary><c>incremental</c>: what a bitmap says, which is cleared on success (QEMU 2.4).</summary>
    public static MirrorSyncMode Incremental { get; } = new("incremental");

    /// <summary><c>bitmap</c>: what a bitmap says (QEMU 4.2).</summary>
    public static MirrorSyncMode Bitmap { get; } = new("bitmap");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static MirrorSyncMode IQapiString<MirrorSyncMode>.FromString(string value) => new(value);
}
