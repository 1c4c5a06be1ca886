using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Serialization;
using QmpBackup.Model;

namespace QmpBackup;

/// <summary>
/// The name of a point in time, such as <c>20261123T034712Z-1a2b3c</c>: the second it was taken (UTC) and a random tag, so that
/// neither two backups in one second nor a clock set back can give two points one name. Ordered by time.
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

    /// <summary>Makes the name of a point taken at <paramref name="time"/>, with a fresh random tag.</summary>
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
