using System.CommandLine;
using System.Text.RegularExpressions;

namespace QmpBackup.Cli.Tests;

/// <summary>The documents agree with the command, and their links lead somewhere.</summary>
public sealed partial class DocumentTests
{
    private static readonly string Root = FindRoot();

    private static readonly string[] Everywhere =
        ["--help", "--version", "--qmp", "--output", "--quiet", "--verbose", "--log-file", "--no-color"];

    private static readonly string Reference = File.ReadAllText(Path.Combine(Root, "docs", "cli.md"));

    public static TheoryData<string> Documents =>
    [
        .. Directory.EnumerateFiles(Path.Combine(Root, "docs"), "*.md", SearchOption.AllDirectories)
            .Concat(Directory.EnumerateFiles(Root, "*.md"))
            .Concat(Directory.EnumerateDirectories(Path.Combine(Root, "src")).SelectMany(d => Directory.EnumerateFiles(d, "*.md")))
            .Select(path => Path.GetRelativePath(Root, path)),
    ];

    public static TheoryData<string> Commands => [.. Leaves(CommandTree.Root, "")];

    [Theory]
    [MemberData(nameof(Documents))]
    public void Every_link_leads_to_a_file_and_a_heading(string document)
    {
        var path = Path.Combine(Root, document);
        var broken = new List<string>();
        foreach (Match link in Link().Matches(CodeBlock().Replace(File.ReadAllText(path), "")))
        {
            var (file, anchor) = (link.Groups[1].Value, link.Groups[2].Value);
            if (file.Contains("://", StringComparison.Ordinal))
                continue;
            var target = file.Length == 0 ? path : Path.Combine(Path.GetDirectoryName(path)!, file);
            if (!Path.Exists(target) || (anchor.Length > 0 && !AnchorsOf(target).Contains(anchor)))
                broken.Add(link.Value);
        }

        broken.Should().BeEmpty();
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void The_reference_lists_exactly_the_options_of_each_command(string command)
    {
        var options = command.Split(' ').Aggregate((Command)CommandTree.Root, (at, name) => at.Subcommands.Single(c => c.Name == name))
            .Options.Where(o => !o.Hidden).Select(o => o.Name).Except(Everywhere);
        SynopsisOf(command).Should().BeEquivalentTo(options);
    }

    [Fact]
    public void Every_option_is_explained_in_the_reference()
    {
        var all = Leaves(CommandTree.Root, "").SelectMany(c => c.Split(' ')
            .Aggregate((Command)CommandTree.Root, (at, name) => at.Subcommands.Single(s => s.Name == name)).Options.Select(o => o.Name));
        var text = string.Concat(Reference.Split('\n').Where(line => !line.StartsWith("    ", StringComparison.Ordinal)));
        all.Distinct().Should().OnlyContain(option => text.Contains($"`{option}", StringComparison.Ordinal));
    }

    // The options in the lines "qbackup COMMAND …" of the command's section.
    private static HashSet<string> SynopsisOf(string command)
    {
        var section = Reference[Reference.IndexOf($"\n### {command.Split(' ')[0]}\n", StringComparison.Ordinal)..];
        var lines = section.Split('\n').Skip(2).TakeWhile(line => !line.StartsWith('#')).Where(line => line.StartsWith("    ", StringComparison.Ordinal));
        var call = string.Join(' ', lines).Split("    qbackup ").Select(c => $"{c} ").First(c => IsCallOf(c, command));
        var found = Option().Matches(call.Replace("but --dry-run", "", StringComparison.Ordinal)).Select(m => m.Value).ToHashSet();
        if (call.Contains("options of start", StringComparison.Ordinal))
            found.UnionWith(SynopsisOf("start").Except(["--dry-run"]));
        if (call.Contains("options of pull", StringComparison.Ordinal))
            found.UnionWith(SynopsisOf("pull"));
        return found;
    }

    // One line can stand for several commands: "bitmap remove | clear NAME".
    private static bool IsCallOf(string call, string command)
    {
        var words = command.Split(' ');
        return call.StartsWith(words[0] + " ", StringComparison.Ordinal)
            && (words.Length == 1 || call.Split('[')[0].Split(' ').Contains(words[1]));
    }

    private static IEnumerable<string> Leaves(Command command, string path) => command.Subcommands.Count == 0
        ? [path.Trim()]
        : command.Subcommands.SelectMany(c => Leaves(c, $"{path} {c.Name}"));

    // As GitHub makes them.
    private static HashSet<string> AnchorsOf(string path) =>
    [
        .. CodeBlock().Replace(File.ReadAllText(path), "").Split('\n').Where(line => line.StartsWith('#'))
            .Select(line => NoAnchor().Replace(line.TrimStart('#').Trim().ToLowerInvariant(), "").Replace(' ', '-')),
    ];

    private static string FindRoot()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "QmpBackup.sln")))
                return folder;
        }

        throw new DirectoryNotFoundException("QmpBackup.sln is in no folder above the tests.");
    }

    [GeneratedRegex(@"\[[^\]\n]*\]\(([^)#\s]*)#?([^)\s]*)\)")]
    private static partial Regex Link();

    [GeneratedRegex("^```.*?^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex("--[a-z][a-z-]+")]
    private static partial Regex Option();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NoAnchor();
}
