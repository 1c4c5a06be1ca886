using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The way a file is accessed (QAPI <c>BlockdevAioOptions</c>, QEMU 2.9). Other versions of QEMU may know other values.</summary>
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

/// <summary>The cache settings of a node (QAPI <c>BlockdevCacheOptions</c>, QEMU 2.9).</summary>
public sealed record BlockdevCacheOptions
{
    /// <summary>Whether to bypass the cache of the host; default false.</summary>
    [JsonPropertyName("direct")]
    public bool? Direct { get; init; }

    /// <summary>Whether to ignore flushes; default false.</summary>
    [JsonPropertyName("no-flush")]
    public bool? NoFlush { get; init; }
}

/// <summary>
/// How writes of zeros are treated (QAPI <c>BlockdevDetectZeroesOptions</c>, QEMU 2.1). Other versions of QEMU may know other
/// values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<BlockdevDetectZeroesOptions>))]
public readonly record struct BlockdevDetectZeroesOptions(string Value) : IQapiString<BlockdevDetectZeroesOptions>
{
    /// <summary><c>off</c>: zeros are written as data.</summary>
    public static BlockdevDetectZeroesOptions Off { get; } = new("off");

    /// <summary><c>on</c>: they become efficient zero writes.</summary>
    public static BlockdevDetectZeroesOptions On { get; } = new("on");

    /// <summary><c>unmap</c>: zero writes become discards where possible.</summary>
    public static BlockdevDetectZeroesOptions Unmap { get; } = new("unmap");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static BlockdevDetectZeroesOptions IQapiString<BlockdevDetectZeroesOptions>.FromString(string value) => new(value);
}

/// <summary>
/// How discards are treated (QAPI <c>BlockdevDiscardOptions</c>, QEMU 2.9). Other versions of QEMU may know other values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<BlockdevDiscardOptions>))]
public readonly record struct BlockdevDiscardOptions(string Value) : IQapiString<BlockdevDiscardOptions>
{
    /// <summary><c>ignore</c>: discards are ignored.</summary>
    public static BlockdevDiscardOptions Ignore { get; } = new("ignore");

    /// <summary><c>unmap</c>: discards are passed on.</summary>
    public static BlockdevDiscardOptions Unmap { get; } = new("unmap");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static BlockdevDiscardOptions IQapiString<BlockdevDiscardOptions>.FromString(string value) => new(value);
}

/// <summary>
/// A setting that is on, off or automatic (QAPI <c>OnOffAuto</c>, QEMU 2.2). Other versions of QEMU may know other values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<OnOffAuto>))]
public readonly record struct OnOffAuto(string Value) : IQapiString<OnOffAuto>
{
    /// <summary><c>auto</c>: QEMU decides.</summary>
    public static OnOffAuto Auto { get; } = new("auto");

    /// <summary><c>on</c>: on.</summary>
    public static OnOffAuto On { get; } = new("on");

    /// <summary><c>off</c>: off.</summary>
    public static OnOffAuto Off { get; } = new("off");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static OnOffAuto IQapiString<OnOffAuto>.FromString(string value) => new(value);
}
