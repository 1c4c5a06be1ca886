using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace QmpBackup.Qmp;

/// <summary>
/// Repairs the strings of a message. The JSON reader accepts half a surrogate pair and bytes that are not UTF-8, and throws only when
/// a caller reads the string.
/// </summary>
internal static class JsonUnicode
{
    private const int EscapeLength = 6;

    /// <summary>
    /// Writes U+FFFD over an escape that is half a surrogate pair, and a question mark over a byte that is not part of a character. The
    /// length stays the same.
    /// </summary>
    public static void Mend(Span<byte> message)
    {
        if (!Utf8.IsValid(message))
            MendBytes(message);
        MendEscapes(message);
    }

    private static void MendBytes(Span<byte> rest)
    {
        while (!rest.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(rest, out _, out var length) != System.Buffers.OperationStatus.Done)
                rest[..length].Fill((byte)'?');
            rest = rest[length..];
        }
    }

    private static void MendEscapes(Span<byte> message)
    {
        var position = 0;
        while (message[position..].IndexOf((byte)'\\') is var found and >= 0)
        {
            position += found;
            if (!TryReadUnit(message[position..], out var unit))
            {
                // Skip the escaped character: it may be a backslash.
                position = Math.Min(position + 2, message.Length);
                continue;
            }

            var here = message[position..];
            position += EscapeLength;
            if (!char.IsSurrogate((char)unit))
                continue;
            if (char.IsHighSurrogate((char)unit) && TryReadUnit(here[EscapeLength..], out var next) && char.IsLowSurrogate((char)next))
                position += EscapeLength;
            else
                "fffd"u8.CopyTo(here[2..]);
        }
    }

    private static bool TryReadUnit(ReadOnlySpan<byte> text, out ushort unit)
    {
        unit = 0;
        return text.Length >= EscapeLength && text.StartsWith("\\u"u8)
            && ushort.TryParse(text[2..EscapeLength], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out unit);
    }
}
