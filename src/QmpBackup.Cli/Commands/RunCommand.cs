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
        var command = new CliCommand("run", "Take a whole backup: start, pull, finish. Any failure rolls it back.")
        {
            Remarks = "An increment is only taken relative to a point that the repository holds complete and sound. Otherwise the disk is "
                + "read in full, and the reason is printed. If an earlier run was killed and left a backup "
                + "open, that backup is closed first.",
            Examples =
            [
                ("qbackup run --qmp unix:/run/vm1.qmp --repo /srv/backup", "Every disk, incremental where that is sound:"),
                ("qbackup run --qmp unix:/run/vm1.qmp --repo /srv/backup --level full --compress", "Everything, compressed:"),
            ],
        };
        VmOptions.AddTo(command);
        command.Options.Add(RepositoryOptions.Repo);
        command.Options.Add(RepositoryOptions.Vm);
        command.Options.Add(RepositoryOptions.Trust);
        StartOptions.AddTo(command);
        AgentOptions.AddTo(command);
        PullSettings.AddTo(command);
        command.Options.Add(VmOptions.KeepBitmap);
        command.Runs(RunAsync);
        return command;
    }

    private static async Task RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var request = StartOptions.Bind(context);
        if (request.TlsCreds is null && context.Arguments.GetValue(PullSettings.TlsCertificates) is not null)
        {
            throw new UsageException("--tls-certificates is for a backup over TLS, and --tls-creds is not given.",
                "Give both, or neither.");
        }

        context.InterruptedMessage = "Interrupted: the backup is rolled back, everything is as it was before.";
        context.StoppingMessage = "Interrupted: rolling back. Press Ctrl-C again to leave at once.";
        context.AbandonedMessage = "Left before the end: the backup may still be open.";
        context.AbandonedHint = "The next 'qbackup run' closes it, and so does 'qbackup abort'.";
        using var key = SigningOptions.Signer(context);
        using var progress = ProgressOptions.Bind(context);
        var options = PullSettings.Bind(context, key, progress.Target);
        await VmOptions.ConnectedAsync(context, async workflow =>
        {
            var runner = new BackupRunner(RepositoryOptions.Open(context, create: true), options);
            var result = await runner.RunAsync(workflow, request, context.Arguments.GetValue(RepositoryOptions.Vm),
                context.Arguments.GetValue(VmOptions.KeepBitmap), cancellationToken).ConfigureAwait(false);
            progress.Dispose();
            context.Warn([.. result.Remarks, .. AgentOptions.Remarks(null, result.FreezeRemedy, result.ThawProblem)]);
            // The log tells people why the guest was not frozen. JSON needs it as a remark.
            PullCommand.Write(context, result.Pulled,
                [.. result.Remarks, .. AgentOptions.Remarks(result.FreezeObstacle, result.FreezeRemedy, result.ThawProblem)]);
        }, cancellationToken, AgentOptions.Freezer(context)).ConfigureAwait(false);
    }
}
