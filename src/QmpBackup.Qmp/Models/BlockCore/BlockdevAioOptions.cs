using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>How a file is accessed (QAPI <c>BlockdevAioOptions</c>, QEMU 2.9). Other versions of QEMU may know other values.</summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<BlockdevAioOptions>))]
public readonly record struct BlockdevAioOptions(string Value) : IQapiString<BlockdevAioOptions>
{
    /// <summary><c>threads</c>: a pool of threads.</summary>
    public static BlockdevAioOptions Threads { get; } = new("threads");

    /// <summary><c>native</c>: Linux native AIO.</summary>
    public static BlockdevAioOptions Native { get; } = new("native");

    /// <summary><c>io_uring</c>: io_uring (QEMU 5.0).</summary>
    public static BlockdevAioOptions IOUring { get; } = new("io_uring");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static BlockdevAioOptions IQapiString<BlockdevAioOptions>.FromString(string value) => new(value);
}
