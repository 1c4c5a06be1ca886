using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Serialization;
using QmpBackup.Model;

namespace QmpBackup;

/// <summary>
/// The name of a chain: 1 to 32 ASCII letters, digits, <c>-</c> and <c>_</c>, not beginning with <c>-</c>. It is part of the names of
/// bitmaps, where a dot separates, and the name of a folder. The default value of the type is the chain <c>default</c>. Ordered by its
/// characters.
/// </summary>
[JsonConverter(typeof(ChainNameConverter))]
public readonly record struct ChainName : IComparable<ChainName>
{
    /// <summary>The longest name, in characters.</summary>
    public const int MaxLength = 32;

    /// <summary>The rule for names, as the rest of a sentence that begins with "A chain's name is".</summary>
    public static readonly string Rule = $"1 to {MaxLength} ASCII letters, digits, '-' and '_', not beginning with '-'";

    private const string DefaultValue = "default";

    // Null for "default", so that the default value of the type is equal to that chain.
    private readonly string? _value;

    private ChainName(string value) => _value = value == DefaultValue ? null : value;

    /// <summary>The chain that is used if none is named: <c>default</c>.</summary>
    public static ChainName Default => default;

    /// <summary>The name as text.</summary>
    public string Value => _value ?? DefaultValue;

    /// <summary>Reads a name.</summary>
    /// <param name="text">The text.</param>
    /// <param name="name">The name.</param>
    /// <returns>Whether <paramref name="text"/> is a name.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, out ChainName name)
    {
        var isName = text is { Length: > 0 and <= MaxLength }
            && text[0] != '-' && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
        name = isName ? new ChainName(text!) : default;
        return isName;
    }

    /// <summary>Reads a name.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The name.</returns>
    /// <exception cref="FormatException"><paramref name="text"/> is not a name.</exception>
    public static ChainName Parse(string text) =>
        TryParse(text, out var name) ? name : throw new FormatException($"'{text}' does not name a chain: a name is {Rule}.");

    /// <inheritdoc/>
    public int CompareTo(ChainName other) => string.CompareOrdinal(Value, other.Value);

    /// <inheritdoc/>
    public override string ToString() => Value;

    /// <summary>Whether the left name comes first.</summary>
    /// <param name="left">A name.</param>
    /// <param name="right">Another.</param>
    public static bool operator <(ChainName left, ChainName right) => left.CompareTo(right) < 0;

    /// <summary>Whether the left name comes last.</summary>
    /// <param name="left">A name.</param>
    /// <param name="right">Another.</param>
    public static bool operator >(ChainName left, ChainName right) => left.CompareTo(right) > 0;

    /// <summary>Whether the left name does not come last.</summary>
    /// <param name="left">A name.</param>
    /// <param name="right">Another.</param>
    public static bool operator <=(ChainName left, ChainName right) => left.CompareTo(right) <= 0;

    /// <summary>Whether the left name does not come first.</summary>
    /// <param name="left">A name.</param>
    /// <param name="right">Another.</param>
    public static bool operator >=(ChainName left, ChainName right) => left.CompareTo(right) >= 0;
}

/// <summary>
/// The name of a point in time, such as <c>20261123T034712Z-1a2b3c</c>: the second it was taken (UTC) and a random tag, so that
/// two points never have the same name, even if they are of one second or a clock is set back. Ordered by time.
/// </summary>
[JsonConverter(typeof(CheckpointIdConverter))]
public readonly record struct CheckpointId : IComparable<CheckpointId>
{
    /// <summary>The number of hexadecimal digits of the tag.</summary>
    public const int TagLength = 6;

    private const string TimeFormat = "yyyyMMdd'T'HHmmss'Z'";
    private const int TimeLength = 16;

    private static readonly SearchValues<char> TagDigits = SearchValues.Create("0123456789abcdef");

    private CheckpointId(string value) => Value = value;

    /// <summary>The whole name.</summary>
    public string Value { get; }

    /// <summary>The random part: lower-case hexadecimal digits, short enough for a QEMU node name.</summary>
    public string Tag => Value[(TimeLength + 1)..];

    /// <summary>The second in which the point was taken, in UTC.</summary>
    public DateTimeOffset Time => ParseTime(Value.AsSpan(0, TimeLength), out var time) ? time : default;

    /// <summary>Makes the name of a point taken at <paramref name="time"/>, with a new random tag.</summary>
    /// <param name="time">The time; fractions of a second are dropped.</param>
    /// <returns>The name.</returns>
    public static CheckpointId Create(DateTimeOffset time) => Create(time, RandomNumberGenerator.GetHexString(TagLength, lowercase: true));

    /// <summary>Makes the name of a point taken at <paramref name="time"/> with the given tag.</summary>
    /// <param name="time">The time; fractions of a second are dropped.</param>
    /// <param name="tag">Six lower-case hexadecimal digits.</param>
    /// <returns>The name.</returns>
    /// <exception cref="ArgumentException"><paramref name="tag"/> is not six lower-case hexadecimal digits.</exception>
    public static CheckpointId Create(DateTimeOffset time, string tag)
    {
        ArgumentNullException.ThrowIfNull(tag);
        return IsTag(tag)
            ? new CheckpointId(time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture) + "-" + tag)
            : throw new ArgumentException("A checkpoint's tag is six lower-case hexadecimal digits.", nameof(tag));
    }

    /// <summary>Reads a name.</summary>
    /// <param name="text">The text; anything that is not exactly a name is refused.</param>
    /// <param name="id">The name.</param>
    /// <returns>Whether <paramref name="text"/> is a name.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, out CheckpointId id)
    {
        id = default;
        if (text is null || text.Length != TimeLength + 1 + TagLength || text[TimeLength] != '-' || !IsTag(text.AsSpan(TimeLength + 1))
            || !ParseTime(text.AsSpan(0, TimeLength), out _))
        {
            return false;
        }

        id = new CheckpointId(text);
        return true;
    }

    /// <summary>Reads a name.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The name.</returns>
    /// <exception cref="FormatException"><paramref name="text"/> is not a name.</exception>
    public static CheckpointId Parse(string text) =>
        TryParse(text, out var id)
            ? id : throw new FormatException($"'{text}' does not name a checkpoint, such as 20261123T034712Z-1a2b3c.");

    /// <inheritdoc/>
    public int CompareTo(CheckpointId other) => string.CompareOrdinal(Value, other.Value);

    /// <inheritdoc/>
    public override string ToString() => Value;

    /// <summary>Whether the left point is the earlier.</summary>
    /// <param name="left">A point.</param>
    /// <param name="right">Another.</param>
    public static bool operator <(CheckpointId left, CheckpointId right) => left.CompareTo(right) < 0;

    /// <summary>Whether the left point is the later.</summary>
    /// <param name="left">A point.</param>
    /// <param name="right">Another.</param>
    public static bool operator >(CheckpointId left, CheckpointId right) => left.CompareTo(right) > 0;

    /// <summary>Whether the left point is not the later.</summary>
    /// <param name="left">A point.</param>
    /// <param name="right">Another.</param>
    public static bool operator <=(CheckpointId left, CheckpointId right) => left.CompareTo(right) <= 0;

    /// <summary>Whether the left point is not the earlier.</summary>
    /// <param name="left">A point.</param>
    /// <param name="right">Another.</param>
    public static bool operator >=(CheckpointId left, CheckpointId right) => left.CompareTo(right) >= 0;

    internal static bool IsTag(ReadOnlySpan<char> text) => text.Length == TagLength && !text.ContainsAnyExcept(TagDigits);

    private static bool ParseTime(ReadOnlySpan<char> text, out DateTimeOffset time) => DateTimeOffset.TryParseExact(
        text, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out time);
}

/// <summary>
/// The name of a checkpoint bitmap. It has everything that a later run must know about the bitmap, so that asking QEMU is enough:
/// <c>qbackup.CHAIN.CHECKPOINT[.open][.PREDECESSOR][.twin].on-DISK</c>.
/// </summary>
/// <remarks>
/// A bitmap records what changed since its checkpoint. While the backup is open, its name has the part <c>.open</c>; finish gives it the
/// lasting name, because the point is safe then. So an open bitmap in a VM without an open backup belongs to a backup that a restart of
/// QEMU interrupted. The predecessor is the bitmap that recorded until this one began. Abort gives its bits back to it; in a kept sequence
/// it is the member before this one, and a sequence with a missing member has a hole. The disk is a tag made of the disk's name and image
/// file when the point was taken. A bitmap stays with its image: if the image comes back as another disk, its changes are not an increment
/// of that disk. And a program that takes a snapshot may give the new image an empty bitmap of the same name (libvirt does). That bitmap
/// lacks what was recorded below the snapshot.
/// </remarks>
/// <param name="Chain">The chain.</param>
/// <param name="Checkpoint">The point in time that the bitmap is relative to.</param>
/// <param name="IsOpen">Whether the point is not yet known to be safe.</param>
/// <param name="Predecessor">The checkpoint of the bitmap before it.</param>
/// <param name="Disk">
/// The tag of the disk's name and file: eight hexadecimal digits. Null if the name has none; qbackup always writes one.
/// </param>
internal sealed record CheckpointBitmapName(
    ChainName Chain, CheckpointId Checkpoint, bool IsOpen = false, CheckpointId? Predecessor = null, string? Disk = null)
{
    private const string Prefix = "qbackup";
    private const string OpenMark = "open";
    private const string TwinMark = "twin";
    private const string DiskMark = "on-";

    /// <summary>
    /// Whether it is the twin of the bitmap that has the same name without this part. The twin records the same from the same moment on. If
    /// one of the two is cleared, or disabled for a while, they differ.
    /// </summary>
    public bool IsTwin { get; init; }

    /// <summary>The name of this bitmap's twin.</summary>
    internal CheckpointBitmapName Twin => this with { IsTwin = true };

    /// <summary>Whether <paramref name="name"/> is reserved for qbackup, well-formed or not.</summary>
    /// <param name="name">A bitmap's name; absent for QEMU's own, anonymous bitmaps.</param>
    /// <returns>Whether it begins with qbackup's prefix.</returns>
    public static bool IsReserved(string? name) => name is not null && name.StartsWith(Prefix + ".", StringComparison.Ordinal);

    /// <summary>Reads a name.</summary>
    /// <param name="text">A bitmap's name; absent for QEMU's own, anonymous bitmaps.</param>
    /// <param name="name">What it says.</param>
    /// <returns>Whether it is the name of a checkpoint bitmap.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out CheckpointBitmapName? name)
    {
        name = null;
        var parts = text?.Split('.') ?? [];
        if (parts.Length is < 3 or > 7 || parts[0] != Prefix || !ChainName.TryParse(parts[1], out var chain) || !CheckpointId.TryParse(
            parts[2], out var checkpoint))
        {
            return false;
        }

        var rest = parts.AsSpan(3);
        var open = rest.Length > 0 && rest[0] == OpenMark;
        if (open)
            rest = rest[1..];
        string? disk = null;
        if (rest.Length > 0 && rest[^1].StartsWith(DiskMark, StringComparison.Ordinal))
        {
            disk = rest[^1][DiskMark.Length..];
            if (!DiskTag.IsValid(disk))
                return false;
            rest = rest[..^1];
        }

        var twin = rest.Length > 0 && rest[^1] == TwinMark;
        if (twin)
            rest = rest[..^1];
        CheckpointId? predecessor = null;
        if (rest.Length > 0)
        {
            if (rest.Length > 1 || !CheckpointId.TryParse(rest[0], out var parsed))
                return false;
            predecessor = parsed;
        }

        name = new CheckpointBitmapName(chain, checkpoint, open, predecessor, disk) { IsTwin = twin };
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Prefix}.{Chain}.{Checkpoint}{(IsOpen ? "." + OpenMark : "")}{(Predecessor is { } before ? "." + before : "")}"
        + $"{(IsTwin ? "." + TwinMark : "")}{(Disk is { } disk ? $".{DiskMark}{disk}" : "")}";
}
