using QmpBackup.Cli.Errors;
using QmpBackup.Cli.Json;

namespace QmpBackup.Cli.Tests;

public sealed class AdviceTests
{
    [Fact]
    public void Every_feature_is_named_by_an_existing_command_or_option()
    {
        foreach (var feature in Enum.GetValues<Feature>())
        {
            var name = AdviceText.Of(Advice.Of($"{feature}"));

            name.Should()
                .MatchRegex("^('qbackup [a-z -]+( …)?'|--[a-z-]+|qbackup)$", "{0} is a command, an option or the program", feature);
            if (name.StartsWith("--", StringComparison.Ordinal))
            {
                CommandsBelow(CommandTree.Root).SelectMany(c => c.Options).Select(o => o.Name).Should().Contain(name);
            }
            else if (name != "qbackup")
            {
                CommandTree.Root.Parse(name.Trim('\'').Split(' ')[1..2]).CommandResult.Command.Should()
                    .NotBe(CommandTree.Root, "{0} is a command", name);
            }
        }
    }

    [Fact]
    public void The_hint_of_a_library_failure_names_the_command()
    {
        var failure = new BackupException(BackupErrorCode.NothingOpen, "No backup is open.", Advice.Of($"{Feature.Start} opens one."));

        failure.Hint.Should().Be("BackupWorkflow.StartAsync opens one.");
        ErrorMap.Of(failure).Hint.Should().Be("'qbackup start' opens one.");
    }

    private static IEnumerable<System.CommandLine.Command> CommandsBelow(System.CommandLine.Command command) =>
        command.Subcommands.SelectMany(CommandsBelow).Prepend(command);
}
