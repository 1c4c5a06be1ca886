using System.Globalization;
using System.Text;

namespace QmpBackup.Cli.Terminal;

/// <summary>
/// Makes text harmless for a terminal: names and error texts come from QEMU, and so from anyone who named parts of the VM.
/// </summary>
internal static class TerminalText
{
    /// <summary>
    /// Writes control characters, line breaks, invisible and direction-changing characters as escapes, so that they are visible and have
    /// no effect.
    /// </summary>
    public static string Escape(string text)
    {
        if (IsHarmless(text))
            return text;
        var escaped = new StringBuilder(text.Length + 16);
        foreach (var rune in text.EnumerateRunes())
        {
            if (IsHarmless(rune))
                escaped.Append(rune.ToString());
            else if (rune.Value == '\n')
                escaped.Append("\\n");
            else if (rune.Value == '\t')
                escaped.Append("\\t");
            else if (rune.Value == '\r')
                escaped.Append("\\r");
            else if (rune.Value < 0x100)
                escaped.Append(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}");
            else
                escaped.Append(CultureInfo.InvariantCulture, $"\\u{{{rune.Value:x}}}");
        }

        return escaped.ToString();
    }

    /// <summary>
    /// The same for JSON, with JSON's own escapes, so that its meaning does not change. Line breaks between its parts stay.
    /// </summary>
    public static string EscapeJson(string json)
    {
        if (json.EnumerateRunes().All(r => r.Value == '\n' || IsHarmless(r)))
            return json;
        var escaped = new StringBuilder(json.Length + 16);
        Span<char> units = stackalloc char[2];
        foreach (var rune in json.EnumerateRunes())
        {
            if (rune.Value == '\n' || IsHarmless(rune))
            {
                escaped.Append(rune.ToString());
                continue;
            }

            foreach (var unit in units[..rune.EncodeToUtf16(units)])
                escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)unit:x4}");
        }

        return escaped.ToString();
    }

    /// <summary>How many columns the text takes, one per character: good enough for tables.</summary>
    public static int Width(string text) => new StringInfo(text).LengthInTextElements;

    private static bool IsHarmless(string text)
    {
        foreach (var c in text)
        {
            if (c is < ' ' or > '~')
                return text.EnumerateRunes().All(IsHarmless);
        }

        return true;
    }

    // A lone surrogate enumerates as U+FFFD, as terminals show it.
    private static bool IsHarmless(Rune rune) => Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned);
}
