using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using QmpBackup.Cli.Commands;
using QmpBackup.Cli.Help;
using QmpBackup.Cli.Settings;

namespace QmpBackup.Cli;

/// <summary>All commands. The tree is made once and knows no console. A new command has one line here.</summary>
internal static class CommandTree
{
    private static readonly IReadOnlyList<(string Call, string Meaning)> Examples =
    [
        ("qbackup inspect --qmp unix:/run/vm1.qmp", "What the VM has, and what a backup would do with each disk:"),
        ("qbackup run --qmp unix:/run/vm1.qmp --repo /srv/backup",
            "Take a backup into a repository: full at first, afterwards only what has changed:"),
        ("qbackup restore --repo /srv/backup --point latest --to /srv/restored", "Restore the latest point as image files:"),
        ("qbackup start --qmp unix:/run/vm1.qmp",
            "By hand: hold a point in time of all disks and export it over NBD. Then read it with any NBD client:"),
        ("qbackup finish --qmp unix:/run/vm1.qmp",
            "The data is safe: close the backup. The next one is incremental. (Or 'abort': as if it had never been started.)"),
    ];

    public static RootCommand Root { get; } = NewRoot();

    private static RootCommand NewRoot()
    {
        var root = new RootCommand("Pull-mode incremental backups of running QEMU virtual machines, straight over QMP.")
        {
            InspectCommand.Create(),
            PlanCommand.Create(),
            StartCommand.Create(),
            StatusCommand.Create(),
            PullCommand.Create(),
            FinishCommand.Create(),
            AbortCommand.Create(),
            RunCommand.Create(),
            WatchCommand.Create(),
            ListCommand.Create(),
            VerifyCommand.Create(),
            RestoreCommand.Create(),
            PruneCommand.Create(),
            PinCommands.Pin(),
            PinCommands.Unpin(),
            ThawCommand.Create(),
            BitmapCommand.Create(),
            RawQmpCommand.Create(),
            CompletionsCommand.Create(),
        };
        foreach (var option in GlobalOptions.All)
            root.Options.Add(option);
        root.Options.Remove(root.Options.OfType<HelpOption>().Single());
        root.Options.Add(new HelpOption("--help", "-h") { Description = "Show this help.", Action = new HelpWriter(Examples) });
        root.Options.OfType<VersionOption>().Single().Action = new VersionWriter();
        foreach (var option in OptionsOf(root).Distinct())
            option.Validators.Add(RequireValue);
        var suggest = root.Directives.OfType<SuggestDirective>().Single();
        suggest.Action = new SuggestWriter(suggest);
        return root;
    }

    private static IEnumerable<Option> OptionsOf(Command command) => command.Options.Concat(command.Subcommands.SelectMany(OptionsOf));

    // An empty value means nothing to any option: it comes from a variable that is not set, and must not select a default.
    private static void RequireValue(OptionResult result)
    {
        if (result.Tokens.Any(t => t.Value.Length == 0))
            result.AddError($"{result.Option.Name} has an empty value. Perhaps a variable is not set.");
    }
}
