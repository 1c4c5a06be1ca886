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

    // The tests of the library check which features its advice names. These words complete the advice for the user.
    [Theory]
    [InlineData(Feature.Program, "qbackup")]
    [InlineData(Feature.Start, "'qbackup start'")]
    [InlineData(Feature.Pull, "'qbackup pull'")]
    [InlineData(Feature.Finish, "'qbackup finish'")]
    [InlineData(Feature.Abort, "'qbackup abort'")]
    [InlineData(Feature.Run, "'qbackup run'")]
    [InlineData(Feature.Status, "'qbackup status'")]
    [InlineData(Feature.Verify, "'qbackup verify'")]
    [InlineData(Feature.Thaw, "'qbackup thaw --agent …'")]
    [InlineData(Feature.Nbd, "--nbd")]
    [InlineData(Feature.PullNbd, "--nbd")]
    [InlineData(Feature.ScratchDirectory, "--scratch-dir")]
    [InlineData(Feature.IgnoreSpace, "--no-space-check")]
    [InlineData(Feature.Repository, "--repo")]
    [InlineData(Feature.NewRepository, "--new-repo")]
    [InlineData(Feature.TrustFolders, "--trust-repository")]
    [InlineData(Feature.ForceStart, "--force")]
    [InlineData(Feature.Overwrite, "--force")]
    public void A_feature_has_the_name_of_its_command_or_option(Feature feature, string name) => AdviceText.Of(Advice.Of($"{feature}")).Should().Be(name);

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
