using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>
/// What QEMU did about an I/O error (QAPI <c>BlockErrorAction</c>, QEMU 2.1). Other versions of QEMU may know other values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<BlockErrorAction>))]
public readonly record struct BlockErrorAction(string Value) : IQapiString<BlockErrorAction>
{
    /// <summary><c>ignore</c>: nothing.</summary>
    public static BlockErrorAction Ignore { get; } = new("ignore");

    /// <summary><c>report</c>: told the guest, or failed the job.</summary>
    public static BlockErrorAction Report { get; } = new("report");

    /// <summary><c>stop</c>: stopped the VM, or the job.</summary>
    public static BlockErrorAction Stop { get; } = new("stop");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static BlockErrorAction IQapiString<BlockErrorAction>.FromString(string value) => new(value);
}
