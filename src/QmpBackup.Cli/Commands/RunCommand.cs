using System.CommandLine;
using QmpBackup.Cli.Errors;
using QmpBackup.Cli.Help;
using QmpBackup.Cli.Options;
using QmpBackup.Cli.Running;

namespace QmpBackup.Cli.Commands;

/// <summary><c>qbackup run</c></summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var command = new CliCommand("run", "Take a backup from start to finish: start, pull, finish; rolled back on any failure.")
        {
            Remarks = "An increment is only taken on a point that the repository holds whole and sound; else the disk is taken in full, and the reason is said. What an earlier "
                + "run has left that was killed is closed first.",
            Examples =
            [
                ("qbackup run --qmp unix:/run/vm1.qmp --repo /srv/backup", "Every disk, incremental where that is sound:"),
                ("qbackup run --qmp unix:/run/vm1.qmp --repo /srv/backup --level full --compress", "All of it, compressed:"),
            ],
        };
        VmOptions.AddTo(command);
        command.Options.Add(RepositoryOptions.Repo);
        command.Options.Add(RepositoryOptions.Vm);
        command.Options.Add(RepositoryOptions.Trust);
        StartOptions.AddTo(command);
        AgentOptions.AddTo(command);
        PullSettings.AddTo(command);
        command.Options.Add(CloseOptions.KeepBitmap);
        command.Runs(RunAsync);
        return command;
    }

    private static async Task RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var request = StartOptions.Bind(context);
        if (request.TlsCreds is null && context.Arguments.GetValue(PullSettings.TlsCertificates) is not null)
            throw new UsageException("--tls-certificates is for a backup over TLS, and --tls-creds is not given.", "Give both, or neither.");
        context.InterruptedMessage = "Interrupted: the backup is rolled back, everything is as it was before.";
        context.StoppingMessage = "Interrupted: rolling back. Ctrl-C once more leaves at once.";
        context.AbandonedMessage = "Left in the middle: the backup may still be open.";
        context.AbandonedHint = "The next 'qbackup run' closes it, or 'qbackup abort'.";
        using var key = SigningOptions.Signer(context);
        using var progress = ProgressOptions.Bind(context);
        var options = PullSettings.Bind(context, key, progress.Target);
        var workflow = await VmOptions.ConnectAsync(context, cancellationToken, AgentOptions.Freezer(context)).ConfigureAwait(false);
        await using (workflow.ConfigureAwait(false))
        {
            var runner = new BackupRunner(RepositoryOptions.Open(context, create: true), options);
            var result = await runner.RunAsync(workflow, request, context.Arguments.GetValue(RepositoryOptions.Vm),
                context.Arguments.GetValue(CloseOptions.KeepBitmap), cancellationToken).ConfigureAwait(false);
            progress.Dispose();
            context.Warn(result.Remarks);
            // To persons the log says it at once.
            PullCommand.Write(context, result.Pulled, [.. result.Remarks, .. AgentOptions.Remarks(result.FreezeObstacle)]);
        }
    }
}
