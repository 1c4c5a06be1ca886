using System.Text;

namespace QapiGenerator.Emit;

/// <summary>Writes lines of C# with their indentation. Lines end with LF on every system.</summary>
internal sealed class CodeWriter
{
    private readonly StringBuilder _text = new();
    private int _depth;

    public CodeWriter Line(string line = "")
    {
        if (line.Length > 0)
            _text.Append(' ', _depth * 4).Append(line);
        _text.Append('\n');
        return this;
    }

    public void Block(string head, Action body, string tail = "}")
    {
        Line(head);
        Line("{");
        _depth++;
        body();
        _depth--;
        Line(tail);
    }

    /// <summary>A further line of a statement.</summary>
    public void Continue(string line)
    {
        _depth++;
        Line(line);
        _depth--;
    }

    public void Summary(string text) => Line($"/// <summary>{text}</summary>");

    public override string ToString() => _text.ToString();
}
