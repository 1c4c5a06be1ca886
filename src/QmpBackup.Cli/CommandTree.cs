using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using QmpBackup.Cli.Commands;
using QmpBackup.Cli.Help;
using QmpBackup.Cli.Options;

namespace QmpBackup.Cli;

/// <summary>All commands. It is made once and knows nothing of consoles; a new command is one file and one line here.</summary>
internal static class CommandTree
{
    public const string Name = "qbackup";

    public static RootCommand Root { get; } = NewRoot();

    public static IReadOnlyList<(string Call, string Meaning)> Examples { get; } =
    [
        ("qbackup inspect --qmp unix:/run/vm1.qmp", "What the VM has, and what a backup would do with each disk:"),
        ("qbackup run --qmp unix:/run/vm1.qmp --repo /srv/backup", "Take a backup into a repository: full at first, afterwards only what has changed:"),
        ("qbackup restore --repo /srv/backup --point latest --to /srv/restored", "Bring the latest one back, as image files:"),
        ("qbackup start --qmp unix:/run/vm1.qmp", "By hand: hold a point in time of all disks and export it over NBD; then read it with any NBD client:"),
        ("qbackup finish --qmp unix:/run/vm1.qmp", "The data is safe: close the backup. The next one is incremental. (Or 'abort': as if it had never been started.)"),
    ];

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
            ThawCommand.Create(),
            BitmapCommand.Create(),
            QmpCommand.Create(),
            CompletionsCommand.Create(),
        };
        foreach (var option in GlobalOptions.All)
            root.Options.Add(option);
        root.Options.Remove(root.Options.OfType<HelpOption>().Single());
        root.Options.Add(new HelpOption("--help", "-h") { Description = "Show this.", Action = new HelpWriter() });
        root.Options.OfType<VersionOption>().Single().Action = new VersionWriter();
        foreach (var option in OptionsOf(root).Distinct())
            option.Validators.Add(RequireValue);
        var suggest = root.Directives.OfType<SuggestDirective>().Single();
        suggest.Action = new SuggestWriter(suggest);
        return root;
    }

    private static IEnumerable<Option> OptionsOf(Command command) => command.Options.Concat(command.Subcommands.SelectMany(OptionsOf));

    // No option means anything by an empty value: it is that of a variable that is not set, and must not come to a default.
    private static void RequireValue(OptionResult result)
    {
        if (result.Tokens.Any(t => t.Value.Length == 0))
            result.AddError($"{result.Option.Name} has an empty value, perhaps that of a variable that is not set.");
    }
}
