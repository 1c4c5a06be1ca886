using System.Text.RegularExpressions;

namespace QmpBackup.Tests.House;

/// <summary>The names in tests and samples are plain English: a reader must not need a dictionary.</summary>
public sealed partial class TestNameTests
{
    private static readonly HashSet<string> Forbidden = new(StringComparer.OrdinalIgnoreCase)
    {
        "nobody", "somebody", "anybody", "whoever", "whomever", "deaf", "doomed", "culprit", "thief", "theirs", "told", "tells", "spared", "alike",
        "anew", "ought", "lest", "vain", "heed", "heeds", "befall", "befalls", "befell", "bears", "bore", "hence", "thus", "thereof", "therein",
        "whereby", "wherein", "whence", "upon", "unto", "amid", "shall", "withal", "asunder", "nought", "ere", "thither", "hither",
    };

    [Theory]
    [InlineData("tests")]
    [InlineData("samples")]
    public void Names_contain_no_archaic_or_literary_word(string folder)
    {
        var found =
            from file in Files(folder)
            from name in file.Names
            from Match word in Word().Matches(name)
            where Forbidden.Contains(word.Value)
            select $"{file.Path}: {word.Value} in {name}";

        found.Should().BeEmpty();
    }

    [Fact]
    public void Test_names_contain_no_inverted_phrase() =>
        (from file in Files("tests") from name in file.Names where Phrase().IsMatch(name) select $"{file.Path}: {name}").Should().BeEmpty();

    [Fact]
    public void Words_are_found_in_every_form_of_name()
    {
        string[] names = ["ToDie_nobody", "NobodyAnswers", "_theirs", "A_result_that_nobody_reads", "GaDeaf"];

        names.Select(name => Word().Matches(name).Any(word => Forbidden.Contains(word.Value))).Should().AllBeEquivalentTo(true);
        Phrase().IsMatch("A_reset_of_the_VM_is_no_event").Should().BeTrue();
        Phrase().IsMatch("A_point_is_no_longer_sound_or_there_is_no_point").Should().BeFalse();
    }

    private static IEnumerable<(string Path, IEnumerable<string> Names)> Files(string folder)
    {
        var root = SourceFile.Root();
        return
            from path in Directory.EnumerateFiles(Path.Combine(root, folder), "*.cs", SearchOption.AllDirectories)
            where !path.Contains("/obj/", StringComparison.Ordinal) && !path.Contains("/bin/", StringComparison.Ordinal)
            select (Path.GetRelativePath(root, path), Name().Matches(NoCode().Replace(File.ReadAllText(path), "")).Select(m => m.Value).Distinct());
    }

    // Raw strings, strings and comments.
    [GeneratedRegex("""
        \$*"{3,}.*?"{3,}|"(\\.|[^"\\\n])*"|//[^\n]*
        """, RegexOptions.Singleline)]
    private static partial Regex NoCode();

    [GeneratedRegex(@"[A-Za-z_]\w*")]
    private static partial Regex Name();

    [GeneratedRegex("[A-Z]?[a-z]+|[A-Z]+(?![a-z])")]
    private static partial Regex Word();

    [GeneratedRegex("(?<!there_)(is|are|was|were)_no_(?!longer)|_(is|are)_none(_|$)|_that_is_said|_be_it_|_all_the_same|_without_a_word")]
    private static partial Regex Phrase();
}
