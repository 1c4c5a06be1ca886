using System.Text.RegularExpressions;

namespace QmpBackup.Tests.House;

/// <summary>A library names its own members, and never a command or an option of the program that uses it.</summary>
public sealed partial class WordingTests
{
    // These start programs, or describe what they are started with: the options are those of QEMU's programs, setpriv, df, prlimit and
    // fsfreeze.
    private static readonly string[] OptionsOfOtherPrograms =
    [
        "GuestAgent/GuestAgentException.cs",
        "Host/Processes.cs",
        "Host/ScratchStorage.cs",
        "Observing/ProcessReader.cs",
        "Planning/Steps.cs",
        "Transfer/QemuImage.cs",
        "Transfer/QemuNbdServer.cs",
    ];

    [Theory]
    [InlineData("QmpBackup")]
    [InlineData("QmpBackup.Nbd")]
    [InlineData("QmpBackup.Qmp")]
    public void No_text_of_a_library_names_a_command_or_an_option(string project) => Texts(project)
        .Where(t => Command().IsMatch(t.Text) || (Option().IsMatch(t.Text) && !OptionsOfOtherPrograms.Contains(t.File.Path)))
        .Select(t => $"{t.File.Path}: {t.Text}").Should().BeEmpty("Advice and Feature name what the program words");

    [Fact]
    public void Every_feature_in_a_text_is_inside_Advice_Of() => SourceFile.Of("QmpBackup")
        .Where(file => file.Path != "Model/Advice.cs" && Hole().Count(file.Text) > Advised().Matches(file.Text).Sum(m => Hole().Count(m.Value)))
        .Select(file => file.Path).Should().BeEmpty("only Advice.Of keeps features apart from the text");

    // Words that a reader whose first language is not English looks up, and turns of phrase that are no longer in use.
    [Fact]
    public void No_text_uses_an_archaic_or_literary_word() => SourceFile.AllTexts()
        .SelectMany(file => Archaic().Matches(file.Text).Select(word => $"{file.Path}: {word.Value}"))
        .Should().BeEmpty("texts are in plain English");

    private static IEnumerable<(SourceFile File, string Text)> Texts(string project) =>
        from file in SourceFile.Of(project)
        where file.Path != "Model/Advice.cs" && !file.Path.StartsWith("Qapi/", StringComparison.Ordinal)
        from line in file.Lines
        where !line.TrimStart().StartsWith("//", StringComparison.Ordinal)
        from Match text in Literal().Matches(line)
        select (file, text.Value);

    [GeneratedRegex(
        @"\b(albeit|amongst|anew|aught|bears|befall(s|en)?|befell|behold|betrays?|deaf|debris|dwells?|foresees?|foresaw|forsaken?|heed(s|ed)?"
        + @"|hence|henceforth|hereby|herein|herewith|hitherto|lest|naught|nought|perchance|sake|shall|thence|thereby|therein|thereof|thereupon"
        + @"|thither|thus|unto|upon|verily|whatsoever|whereby|wherein|whereupon|whilst|wont"
        + @"|all the same|as ever|be it|do(es)? away with|in vain|is no more|on the move|without a word)\b",
        RegexOptions.IgnoreCase)]
    private static partial Regex Archaic();

    [GeneratedRegex(@"\{Feature\.")]
    private static partial Regex Hole();

    // Advice.Of with one text, or with texts that are added.
    [GeneratedRegex("""Advice\.Of\(\s*\$?"(\\.|[^"\\])*"(\s*\+\s*\$?"(\\.|[^"\\])*")*\)""")]
    private static partial Regex Advised();

    [GeneratedRegex("\"(\\\\.|[^\"\\\\])*\"")]
    private static partial Regex Literal();

    // Names of formats, such as "qbackup point 1\n", are not commands.
    [GeneratedRegex("qbackup (?!(point|root|journal|hashes) 1)[a-z]")]
    private static partial Regex Command();

    [GeneratedRegex("(^\"|[ '\"(])--[a-z]")]
    private static partial Regex Option();
}
