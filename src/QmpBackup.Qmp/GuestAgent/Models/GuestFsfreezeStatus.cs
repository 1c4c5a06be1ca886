using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>Whether the file systems of a guest are frozen (QGA <c>GuestFsfreezeStatus</c>, QEMU 0.15). Other versions may know other values.</summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<GuestFsfreezeStatus>))]
public readonly record struct GuestFsfreezeStatus(string Value) : IQapiString<GuestFsfreezeStatus>
{
    /// <summary><c>thawed</c>: the guest goes on as ever.</summary>
    public static GuestFsfreezeStatus Thawed { get; } = new("thawed");

    /// <summary><c>frozen</c>: the agent froze file systems and has not thawed them.</summary>
    public static GuestFsfreezeStatus Frozen { get; } = new("frozen");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static GuestFsfreezeStatus IQapiString<GuestFsfreezeStatus>.FromString(string value) => new(value);
}
