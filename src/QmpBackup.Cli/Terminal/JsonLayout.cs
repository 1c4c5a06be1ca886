using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace QmpBackup.Cli.Terminal;

/// <summary>
/// Lays JSON out for reading: what fits goes on one line, the rest is broken at its last part, as a person would write it. Only whitespace
/// changes: it stays the same valid JSON.
/// </summary>
internal sealed class JsonLayout
{
    private const int Step = 4;

    private readonly int _width;
    private readonly int? _longestString;
    private readonly List<string> _lines = [];
    private readonly StringBuilder _line = new();
    private int _indent;

    private JsonLayout(int width, int? longestString)
    {
        _width = width;
        _longestString = longestString;
    }

    /// <summary>Lays a value out.</summary>
    /// <param name="value">The value.</param>
    /// <param name="width">The columns that lines stay within, if they can.</param>
    /// <param name="longestString">Longer strings are cut, and say so; null to show them in full.</param>
    /// <returns>The lines.</returns>
    public static IReadOnlyList<string> Of(JsonElement value, int width, int? longestString = null)
    {
        var layout = new JsonLayout(width, longestString);
        layout.Write(value, 0);
        layout.Break();
        return layout._lines;
    }

    // 'closing' is the number of characters that follow the value on its line.
    private void Write(JsonElement value, int closing)
    {
        var flat = Flat(value);
        if (_line.Length + flat.Length + closing <= _width || !IsContainer(value))
            _line.Append(flat);
        else if (value.ValueKind == JsonValueKind.Array)
            WriteArray(value);
        else
            WriteObject(value, closing);
    }

    private void WriteArray(JsonElement array)
    {
        var indent = _indent;
        _line.Append('[');
        var left = array.GetArrayLength();
        foreach (var item in array.EnumerateArray())
        {
            NewLine(indent + Step);
            left--;
            Write(item, left > 0 ? 1 : 0);
            if (left > 0)
                _line.Append(',');
        }

        NewLine(indent);
        _line.Append(']');
    }

    // Members flow like words. One that does not fit goes on its own line, and is broken only if it does not fit there either. The last
    // member, if it must be broken, begins at the end of the current line.
    private void WriteObject(JsonElement value, int closing)
    {
        var inner = _indent + Step;
        var members = value.EnumerateObject().ToList();
        _line.Append('{');
        for (var i = 0; i < members.Count; i++)
        {
            var isLast = i == members.Count - 1;
            var after = isLast ? 2 + closing : 1;
            var text = Quote(members[i].Name, null) + ": ";
            var flat = text.Length + Flat(members[i].Value).Length + after;
            var fits = _line.Length + 1 + flat <= _width;
            var hugs = isLast && IsContainer(members[i].Value) && inner + flat > _width && _line.Length + text.Length + 2 <= _width;
            if (fits || hugs || _line.Length <= inner)
                _line.Append(' ');
            else
                NewLine(inner);
            _line.Append(text);
            Write(members[i].Value, after);
            if (!isLast)
                _line.Append(',');
        }

        _line.Append(" }");
    }

    private void NewLine(int indent)
    {
        Break();
        _indent = indent;
        _line.Append(' ', indent);
    }

    private void Break()
    {
        _lines.Add(_line.ToString().TrimEnd());
        _line.Clear();
    }

    private string Flat(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object when !value.EnumerateObject().Any() => "{}",
        JsonValueKind.Object => "{ " + string.Join(", ", value.EnumerateObject().Select(m => $"{Quote(m.Name, null)}: {Flat(m.Value)}"))
            + " }",
        JsonValueKind.Array when value.GetArrayLength() == 0 => "[]",
        JsonValueKind.Array => "[ " + string.Join(", ", value.EnumerateArray().Select(Flat)) + " ]",
        JsonValueKind.String => Quote(value.GetString()!, _longestString),
        _ => value.GetRawText(),
    };

    private static string Quote(string text, int? longestShown)
    {
        var shown = longestShown is { } longest && text.Length > longest ? text[..longest] : text;
        var quoted = TerminalText.EscapeJson("\"" + JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(shown) + "\"");
        return shown.Length == text.Length ? quoted : $"{quoted[..^1]}…\" ({text.Length - shown.Length} more characters)";
    }

    private static bool IsContainer(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => value.GetArrayLength() > 0,
        JsonValueKind.Object => value.EnumerateObject().Any(),
        _ => false,
    };
}
