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
                ("qbackup list --repo /srv/backup", "All of it:"),
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
        var chains = RepositoryOptions.Chains(context).Select(c => c.Read()).ToList();
        context.WriteResult(
            new ListDocument([.. chains.SelectMany(WithTimes).OrderBy(p => p.Time).Select(p => RepositoryContract.Point(p.Contents, p.Point))],
                [.. chains.SelectMany(c => c.Broken.Select(b => new DamageDto(c.Chain.Vm, c.Chain.Chain, b.Id, b.Problem)))]),
            JsonText.Context.ListDocument,
            text =>
            {
                if (chains.Count == 0)
                    text.Line(RepositoryOptions.EmptyText);
                for (var i = 0; i < chains.Count; i++)
                {
                    if (i > 0)
                        text.Line();
                    PointText.WriteList(text, chains[i]);
                }
            });
        return Task.CompletedTask;
    }

    // Chains are put together by time, and each stays in its own order, even where a clock was set back.
    private static IEnumerable<(DateTimeOffset Time, ChainContents Contents, RepositoryPoint Point)> WithTimes(ChainContents contents)
    {
        var latest = DateTimeOffset.MinValue;
        foreach (var point in contents.Points)
        {
            if (point.CreatedAt > latest)
                latest = point.CreatedAt;
            yield return (latest, contents, point);
        }
    }
}
