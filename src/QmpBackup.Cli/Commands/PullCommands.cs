using System.CommandLine;
using QmpBackup.Cli.Errors;
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
            Remarks = "The backup stays open: 'finish' closes it. An interrupted pull continues where it stopped.",
            Examples =
            [
                ("qbackup pull --qmp unix:/run/vm1.qmp --repo /srv/backup", "Copy what 'start' holds:"),
                ("qbackup pull --qmp unix:/run/vm1.qmp --repo /srv/backup --throttle 100M --compress", "Read slowly and compress:"),
            ],
        };
        VmOptions.AddTo(command);
        command.Options.Add(VmOptions.HoldMonitor);
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
        context.InterruptedHint =
            "'qbackup pull' continues where it stopped; 'qbackup abort' closes the backup as if it had never been started.";
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
        command.Options.Add(VmOptions.HoldMonitor);
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
