using System.Globalization;
using System.Text;

namespace QmpBackup.Nbd.Protocol;

/// <summary>Makes the text of a server safe for a terminal, a log line and an exception message.</summary>
internal static class EscapedText
{
    private const int MaxShown = 1024;

    internal static string From(ReadOnlySpan<byte> utf8)
    {
        var text = new StringBuilder(Math.Min(utf8.Length, MaxShown));
        while (!utf8.IsEmpty)
        {
            if (text.Length >= MaxShown)
                return text.Append('…').ToString();
            if (Rune.DecodeFromUtf8(utf8, out var rune, out var used) != System.Buffers.OperationStatus.Done)
                text.Append("\\x").Append(utf8[0].ToString("x2", CultureInfo.InvariantCulture));
            else
                Append(text, rune);
            utf8 = utf8[used..];
        }

        return text.ToString();
    }

    internal static string From(string value) => From(Encoding.UTF8.GetBytes(value));

    private static void Append(StringBuilder text, Rune rune)
    {
        // The category Format contains the bidirectional overrides: they make a terminal show a different text.
        var visible = Rune.GetUnicodeCategory(rune) is not (
            UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
            or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);
        if (visible && rune.Value != '\\')
            text.Append(rune.ToString());
        else if (rune.Value == '\\')
            text.Append("\\\\");
        else if (rune.Value < 0x80)
            text.Append("\\x").Append(rune.Value.ToString("x2", CultureInfo.InvariantCulture));
        else
            text.Append("\\u{").Append(rune.Value.ToString("x", CultureInfo.InvariantCulture)).Append('}');
    }
}
