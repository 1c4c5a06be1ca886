using System.CommandLine;

namespace QmpBackup.Cli.Tests;

public sealed class HelpTests
{
    public static TheoryData<string> Commands => [.. All(CommandTree.Root, "")];

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Help_begins_with_examples_and_ends_with_the_exit_codes(string command)
    {
        var console = await FakeConsole.RunAsync(0, [.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);

        console.ErrorText.Should().BeEmpty();
        var text = console.OutText;
        var sections = text.Split('\n').Where(line => line.EndsWith(':') && !line.StartsWith(' ')).ToList();
        sections[0].Should().Be("Examples:");
        sections[1].Should().Be("Usage:");
        sections[^1].Should().Be("Exit codes:");
        text.Should().Contain("143 SIGTERM");
        text.Split('\n').Should().OnlyContain(line => line.Length <= 120);
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void Every_option_and_argument_has_a_description(string command)
    {
        var found = command.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Aggregate((Command)CommandTree.Root, (at, name) => at.Subcommands.Single(c => c.Name == name));

        found.Description.Should().EndWith(".");
        found.Options.Should().NotContain(o => string.IsNullOrEmpty(o.Description));
        found.Arguments.Should().NotContain(a => string.IsNullOrEmpty(a.Description));
        if (found.Subcommands.Count == 0)
            found.Action.Should().NotBeNull("a command must do something");
    }

    [Fact]
    public async Task Help_of_a_command_for_all_chains_names_no_default_chain()
    {
        foreach (var command in (string[])["list", "verify", "prune"])
            (await FakeConsole.RunAsync(0, command, "--help")).OutText.Should().Contain("Only this chain of a VM").And.NotContain("default \"default\"");
    }

    [Fact]
    public async Task Help_is_shown_for_an_invalid_call() =>
        (await FakeConsole.RunAsync(0, "start", "--bogus", "--help")).OutText.Should().StartWith("Open a backup");

    [Fact]
    public async Task The_version_is_one_line() => (await FakeConsole.RunAsync(0, "--version")).OutText.Should().MatchRegex(@"\Aqbackup \d+\.\d+\.\d+\S*\n\z");

    private static IEnumerable<string> All(Command command, string path) =>
        command.Subcommands.SelectMany(c => All(c, $"{path} {c.Name}")).Prepend(path.Trim());
}
