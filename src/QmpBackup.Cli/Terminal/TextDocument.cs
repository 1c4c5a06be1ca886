using System.Text;

namespace QmpBackup.Cli.Terminal;

/// <summary>
/// Text for people. Everything that is written to it is escaped here and nowhere else, so that nothing reaches a terminal unescaped.
/// Styles are the only way to colour; without colour they have no effect.
/// </summary>
internal sealed class TextDocument(bool colour = false, int width = TextDocument.DefaultWidth)
{
    public const int DefaultWidth = 100;

    private readonly StringBuilder _text = new();

    /// <summary>The columns that prose and JSON may take.</summary>
    public int Width { get; } = Math.Clamp(width, 40, 120);

    public TextDocument Write(string text, Style style = Style.None)
    {
        var code = colour ? Code(style) : "";
        _text.Append(code).Append(TerminalText.Escape(text)).Append(code.Length > 0 ? "\e[0m" : "");
        return this;
    }

    public TextDocument Line(string text = "", Style style = Style.None)
    {
        if (text.Length > 0)
            Write(text, style);
        _text.Append('\n');
        return this;
    }

    /// <summary>Prose, in indented lines of at most <see cref="Width"/> columns.</summary>
    public TextDocument Prose(string text, int indent = 0, Style style = Style.None, int? firstIndent = null)
    {
        var first = true;
        foreach (var line in Wrap(TerminalText.Escape(text), Width - indent))
        {
            _text.Append(' ', first ? firstIndent ?? indent : indent);
            Line(line, style);
            first = false;
        }

        return this;
    }

    /// <summary>Lines that are already laid out, such as JSON.</summary>
    public TextDocument Lines(IEnumerable<string> lines, int indent, Style style = Style.None)
    {
        foreach (var line in lines)
        {
            _text.Append(' ', indent);
            Line(line, style);
        }

        return this;
    }

    public override string ToString() => _text.ToString();

    private static IEnumerable<string> Wrap(string text, int width)
    {
        var line = new StringBuilder();
        foreach (var word in text.Split(' '))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                yield return line.ToString();
                line.Clear();
            }

            if (line.Length > 0)
                line.Append(' ');
            line.Append(word);
        }

        yield return line.ToString();
    }

    private static string Code(Style style) => style switch
    {
        Style.Heading => "\e[1m",
        Style.Faint => "\e[2m",
        Style.Good => "\e[32m",
        Style.Warning => "\e[33m",
        Style.Bad => "\e[1;31m",
        Style.Command => "\e[36m",
        _ => "",
    };
}

/// <summary>The meaning of a piece of text; terminals show it as a colour.</summary>
internal enum Style
{
    None,
    Heading,
    Faint,
    Good,
    Warning,
    Bad,
    Command,
}

/// <summary>A table of aligned columns. A row may have prose below it.</summary>
internal sealed class TextTable(params TextTable.Column[] columns)
{
    private readonly List<(Cell[] Cells, string? Note)> _rows = [];

    /// <summary>A row of the table.</summary>
    /// <param name="note">A remark on the row, in its own lines below it; null for none.</param>
    /// <param name="cells">One for each column.</param>
    public void Add(string? note, params Cell[] cells)
    {
        if (cells.Length != columns.Length)
            throw new ArgumentException("A row has one cell for each column.", nameof(cells));
        _rows.Add(([.. cells.Select(c => c with { Text = TerminalText.Escape(c.Text) })], note));
    }

    public void WriteTo(TextDocument document, int indent = 2)
    {
        var widths = columns.Select((c, i) => _rows.Select(r => TerminalText.Width(r.Cells[i].Text)).Append(c.Title.Length).Max())
            .ToArray();
        WriteRow(document, indent, widths, [.. columns.Select(c => new Cell(c.Title, Style.Faint))]);
        foreach (var (cells, note) in _rows)
        {
            WriteRow(document, indent, widths, cells);
            if (note is not null)
                document.Prose(note, indent + 4, Style.Faint);
        }
    }

    private void WriteRow(TextDocument document, int indent, int[] widths, Cell[] cells)
    {
        document.Write(new string(' ', indent));
        var last = Array.FindLastIndex(cells, c => c.Text.Length > 0);
        for (var i = 0; i <= last; i++)
        {
            var padding = new string(' ', widths[i] - TerminalText.Width(cells[i].Text));
            if (columns[i].AlignRight)
                document.Write(padding);
            document.Write(cells[i].Text, cells[i].Style);
            if (i == last)
                break;
            document.Write((columns[i].AlignRight ? "" : padding) + "  ");
        }

        document.Line();
    }

    /// <summary>A column.</summary>
    internal sealed record Column(string Title, bool AlignRight = false);

    /// <summary>A cell.</summary>
    internal sealed record Cell(string Text, Style Style = Style.None)
    {
        public static implicit operator Cell(string text) => new(text);
    }
}
