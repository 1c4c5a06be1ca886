using System.Globalization;
using System.Text;

namespace QmpBackup.Qmp;

/// <summary>Makes text from the peer safe for messages, logs and terminals.</summary>
internal static class PeerText
{
    public const int MaxLength = 1024;

    /// <summary>Escapes control and text-direction characters, and cuts text longer than <paramref name="maxLength"/>.</summary>
    public static string Escape(string? text, int maxLength = MaxLength)
    {
        if (string.IsNullOrEmpty(text))
            return string.Empty;

        var tooLong = text.Length > maxLength;
        var shown = tooLong ? text.AsSpan(0, maxLength) : text;
        if (!tooLong && !NeedsEscape(shown))
            return text;

        var result = new StringBuilder(shown.Length + 16);
        foreach (var c in shown)
        {
            if (MustEscape(c))
                result.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else
                result.Append(c);
        }

        if (tooLong)
            result.Append(CultureInfo.InvariantCulture, $"… ({text.Length} characters)");
        return result.ToString();
    }

    /// <summary>The first bytes of a message as ASCII; all other bytes are escaped.</summary>
    public static string Preview(ReadOnlySpan<byte> bytes, int maxLength = 64)
    {
        var tooLong = bytes.Length > maxLength;
        if (tooLong)
            bytes = bytes[..maxLength];
        var result = new StringBuilder(bytes.Length + 8);
        foreach (var b in bytes)
        {
            if (b is >= 0x20 and < 0x7f)
                result.Append((char)b);
            else
                result.Append(CultureInfo.InvariantCulture, $"\\x{b:x2}");
        }

        return tooLong ? result.Append('…').ToString() : result.ToString();
    }

    private static bool NeedsEscape(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            if (MustEscape(c))
                return true;
        }

        return false;
    }

    private static bool MustEscape(char c) =>
        char.IsControl(c)
        || c is '\u200e' or '\u200f' or '\u2028' or '\u2029' or '\ufeff'
        || c is (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069');
}
