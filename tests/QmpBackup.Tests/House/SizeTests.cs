namespace QmpBackup.Tests.House;

/// <summary>A source file holds one thought: it is neither long nor wide.</summary>
public class SizeTests
{
    private const int MaxLines = 400;
    private const int MaxColumns = 140;

    public static TheoryData<string> Projects => ["QmpBackup", "QmpBackup.Cli", "QmpBackup.Nbd", "QmpBackup.Qmp", "QapiGenerator"];

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_source_file_has_at_most_400_lines(string project) =>
        SourceFile.Of(project).Where(file => file.Lines.Count > MaxLines).Select(file => $"{file.Path}: {file.Lines.Count}").Should().BeEmpty();

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_line_has_at_most_140_columns(string project)
    {
        var wide =
            from file in SourceFile.Of(project)
            from line in file.Lines.Index()
            where line.Item.Length > MaxColumns
            select $"{file.Path}({line.Index + 1}): {line.Item.Length}";

        wide.Should().BeEmpty();
    }
}
