

namespace QmpBackup.Cli.Terminal;

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
