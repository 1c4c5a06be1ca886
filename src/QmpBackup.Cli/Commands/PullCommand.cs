using System.CommandLine;
using QmpBackup.Cli.Help;
using QmpBackup.Cli.Json;
using QmpBackup.Cli.Options;
using QmpBackup.Cli.Rendering;
using QmpBackup.Cli.Running;
using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli.Commands;

/// <summary><c>qbackup pull</c></summary>
internal static class PullCommand
{
    public static Command Create()
    {
        var command = new CliCommand("pull", "Copy the open backup into a repository.")
        {
            Remarks = "The backup stays open: 'finish' closes it. A pull that was cut off goes on where it stopped.",
            Examples =
            [
                ("qbackup pull --qmp unix:/run/vm1.qmp --repo /srv/backup", "Copy what 'start' holds:"),
                ("qbackup pull --qmp unix:/run/vm1.qmp --repo /srv/backup --throttle 100M --compress", "Slowly, and small:"),
            ],
        };
        VmOptions.AddTo(command);
        command.Options.Add(RepositoryOptions.Repo);
        command.Options.Add(RepositoryOptions.Vm);
        command.Options.Add(RepositoryOptions.Trust);
        command.Options.Add(StartOptions.Nbd);
        PullSettings.AddTo(command);
        command.Runs(RunAsync);
        return command;
    }

    private static async Task RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        context.InterruptedMessage = "Interrupted: the backup is still open.";
        context.InterruptedHint = "'qbackup pull' goes on where it stopped; 'qbackup abort' gives the backup up.";
        using var key = SigningOptions.Signer(context);
        using var progress = ProgressOptions.Bind(context);
        var options = PullSettings.Bind(context, key, progress.Target) with { NbdServer = context.Arguments.GetValue(StartOptions.Nbd) };
        await VmOptions.ConnectedAsync(context, async workflow =>
        {
            var repository = RepositoryOptions.Open(context, create: true);
            var pulled = await new PointPuller(repository, options)
                .PullAsync(workflow, context.Arguments.GetValue(RepositoryOptions.Vm), cancellationToken).ConfigureAwait(false);
            progress.Dispose();
            Write(context, pulled, []);
            context.Notice("The backup is still open: 'qbackup finish' closes it.");
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Shows a point that was taken.</summary>
    public static void Write(CommandContext context, PulledPoint pulled, IReadOnlyList<string> remarks)
    {
        if (pulled.BytesReused > 0)
            context.Notice($"{Humane.Size(pulled.BytesReused)} were already there and were not read again.");
        context.WriteResult(new PointDocument(RepositoryContract.Point(pulled.Chain, pulled.Point), pulled.BytesReused, remarks),
            JsonText.Context.PointDocument,
            text => PointText.WriteTaken(text, pulled.Chain, pulled.Point),
            ($"Point {pulled.Point.Id} is complete, but the result could not be written", "'qbackup list' shows it."));
    }
}
