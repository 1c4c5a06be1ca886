using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli.Tests;

public sealed class TextDocumentTests
{
    [Fact]
    public void Styles_need_colour_and_text_is_always_escaped()
    {
        new TextDocument().Line("a\e[0mb", Style.Bad).ToString().Should().Be("a\\x1b[0mb\n");
        new TextDocument(colour: true).Line("a\e[0mb", Style.Bad).ToString().Should().Be("\e[1;31ma\\x1b[0mb\e[0m\n");
    }

    [Fact]
    public void Prose_is_wrapped_at_words_and_long_words_stay_whole()
    {
        var text = new TextDocument(width: 40).Prose("one two three four five six seven eight nine", 30).Prose(new string('x', 50), 2, firstIndent: 0);

        text.ToString().Should().Be("""
                                          one two
                                          three four
                                          five six
                                          seven
                                          eight nine
            xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx

            """);
    }

    [Fact]
    public void Columns_are_aligned_and_lines_have_no_trailing_spaces()
    {
        var table = new TextTable(new("NAME"), new("SIZE", AlignRight: true), new("NOTE"));
        table.Add(null, "a", "1 MiB", "");
        table.Add("why it is so", "longer\n", "10 GiB", "x");
        var text = new TextDocument();

        table.WriteTo(text);

        text.ToString().Should().Be("""
              NAME        SIZE  NOTE
              a          1 MiB
              longer\n  10 GiB  x
                  why it is so

            """);
    }
}
