using System.CommandLine;
using QmpBackup.Cli.Help;
using QmpBackup.Cli.Json;
using QmpBackup.Cli.Options;
using QmpBackup.Cli.Rendering;
using QmpBackup.Cli.Running;

namespace QmpBackup.Cli.Commands;

/// <summary><c>qbackup list</c></summary>
internal static class ListCommand
{
    public static Command Create()
    {
        var command = new CliCommand("list", "List what a repository holds. Needs no VM.")
        {
            Examples =
            [
                ("qbackup list --repo /srv/backup", "Everything:"),
                ("qbackup list --repo /srv/backup --vm vm1 -o json | jq -r '.points[-1].id'", "The latest point of one VM:"),
            ],
        };
        RepositoryOptions.AddTo(command);
        command.Options.Add(RepositoryOptions.Trust);
        command.Runs(Run);
        return command;
    }

    private static Task Run(CommandContext context, CancellationToken cancellationToken)
    {
        var (vm, chain) = RepositoryOptions.Names(context);
        var chains = RepositoryOptions.Open(context).FindChains(vm, chain).Select(c => c.Read()).ToList();
        context.WriteResult(RepositoryContract.List(chains), JsonText.Context.ListDocument, text => PointText.WriteList(text, chains));
        return Task.CompletedTask;
    }
}
