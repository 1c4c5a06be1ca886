using System.Text.Json.Nodes;

namespace QapiGenerator.Schema;

/// <summary>One expression of a schema file, with the comment before it.</summary>
internal sealed record QapiExpression(JsonObject Value, QapiDoc Doc);

/// <summary>Reads the text of a schema file: expressions that look like Python dictionaries, and comments.</summary>
internal sealed class QapiParser(string text, string file)
{
    private int _at;

    public static IReadOnlyList<QapiExpression> Parse(string text, string file) => new QapiParser(text, file).Parse();

    private List<QapiExpression> Parse()
    {
        var found = new List<QapiExpression>();
        var doc = QapiDoc.None;
        while (true)
        {
            var comment = SkipSpace();
            if (comment is not null)
                doc = QapiDoc.Parse(comment);
            if (_at >= text.Length)
                return found;
            if (text[_at] != '{')
                throw Unexpected("an expression");
            found.Add(new QapiExpression((JsonObject)ReadValue()!, doc));
            doc = QapiDoc.None;
        }
    }

    /// <summary>Skips white space and comments. Returns the lines of the last comment between two lines of ##, if there was one.</summary>
    private List<string>? SkipSpace()
    {
        List<string>? last = null;
        List<string>? open = null;
        while (_at < text.Length)
        {
            if (char.IsWhiteSpace(text[_at]))
            {
                _at++;
                continue;
            }

            if (text[_at] != '#')
                break;
            var end = text.IndexOf('\n', _at);
            var line = (end < 0 ? text[_at..] : text[_at..end]).TrimEnd();
            _at = end < 0 ? text.Length : end + 1;
            if (line == "##")
            {
                last = open ?? last;
                open = open is null ? [] : null;
                continue;
            }

            open?.Add(line.StartsWith("# ", StringComparison.Ordinal) ? line[2..] : line[1..]);
        }

        return last;
    }

    private JsonNode? ReadValue()
    {
        SkipSpace();
        switch (Peek())
        {
            case '{':
                return ReadObject();
            case '[':
                return ReadArray();
            case '\'':
            case '"':
                return JsonValue.Create(ReadString());
            default:
                return ReadWord();
        }
    }

    private JsonObject ReadObject()
    {
        var found = new JsonObject();
        _at++;
        while (!Take('}'))
        {
            SkipSpace();
            var name = ReadString();
            Expect(':');
            found[name] = ReadValue();
            if (!Take(','))
            {
                Expect('}');
                break;
            }
        }

        return found;
    }

    private JsonArray ReadArray()
    {
        var found = new JsonArray();
        _at++;
        while (!Take(']'))
        {
            found.Add(ReadValue());
            if (!Take(','))
            {
                Expect(']');
                break;
            }
        }

        return found;
    }

    private string ReadString()
    {
        var quote = Peek();
        if (quote is not ('\'' or '"'))
            throw Unexpected("a string");
        var end = text.IndexOf(quote, _at + 1);
        if (end < 0)
            throw Unexpected("the end of a string");
        var found = text[(_at + 1)..end];
        _at = end + 1;
        return found;
    }

    private JsonValue ReadWord()
    {
        foreach (var (word, value) in new[] { ("true", true), ("false", false) })
        {
            if (string.CompareOrdinal(text, _at, word, 0, word.Length) != 0)
                continue;
            _at += word.Length;
            return JsonValue.Create(value);
        }

        throw Unexpected("a value");
    }

    private bool Take(char expected)
    {
        SkipSpace();
        if (Peek() != expected)
            return false;
        _at++;
        return true;
    }

    private void Expect(char expected)
    {
        if (!Take(expected))
            throw Unexpected($"'{expected}'");
    }

    private char Peek() => _at < text.Length ? text[_at] : '\0';

    private FormatException Unexpected(string wanted) =>
        new($"{file}, line {text.AsSpan(0, Math.Min(_at, text.Length)).Count('\n') + 1}: expected {wanted}.");
}
