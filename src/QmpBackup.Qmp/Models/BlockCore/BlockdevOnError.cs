using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>
/// What a job does on an I/O error (QAPI <c>BlockdevOnError</c>, QEMU 1.3). Other versions of QEMU may know other values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<BlockdevOnError>))]
public readonly record struct BlockdevOnError(string Value) : IQapiString<BlockdevOnError>
{
    /// <summary><c>report</c>: fails.</summary>
    public static BlockdevOnError Report { get; } = new("report");

    /// <summary><c>ignore</c>: goes on.</summary>
    public static BlockdevOnError Ignore { get; } = new("ignore");

    /// <summary><c>enospc</c>: stops when there is no space, else fails.</summary>
    public static BlockdevOnError Enospc { get; } = new("enospc");

    /// <summary><c>stop</c>: stops.</summary>
    public static BlockdevOnError Stop { get; } = new("stop");

    /// <summary><c>auto</c>: as the device does.</summary>
    public static BlockdevOnError Auto { get; } = new("auto");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static BlockdevOnError IQapiString<BlockdevOnError>.FromString(string value) => new(value);
}
