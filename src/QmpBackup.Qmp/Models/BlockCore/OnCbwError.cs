using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>
/// What happens when a block cannot be copied before it is overwritten (QAPI <c>OnCbwError</c>, QEMU 7.1). Other versions of QEMU
/// may know other values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<OnCbwError>))]
public readonly record struct OnCbwError(string Value) : IQapiString<OnCbwError>
{
    /// <summary><c>break-guest-write</c>: the write of the guest fails and the snapshot stays right.</summary>
    public static OnCbwError BreakGuestWrite { get; } = new("break-guest-write");

    /// <summary>
    /// <c>break-snapshot</c>: the guest goes on and the snapshot is broken. Reading through <c>snapshot-access</c> then fails;
    /// reading through an overlay returns wrong data without an error.
    /// </summary>
    public static OnCbwError BreakSnapshot { get; } = new("break-snapshot");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static OnCbwError IQapiString<OnCbwError>.FromString(string value) => new(value);
}
