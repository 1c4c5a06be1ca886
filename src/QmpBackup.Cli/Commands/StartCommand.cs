using System.CommandLine;
using QmpBackup.Cli.Help;
using QmpBackup.Cli.Json;
using QmpBackup.Cli.Options;
using QmpBackup.Cli.Rendering;
using QmpBackup.Cli.Running;

namespace QmpBackup.Cli.Commands;

/// <summary><c>qbackup start</c></summary>
internal static class StartCommand
{
    public static Command Create()
    {
        var command = new CliCommand("start", "Open a backup: hold one point in time of all disks and export it over NBD.")
        {
            Remarks = "The guest goes on writing. The backup stays open until 'finish' or 'abort'. If opening it fails or is interrupted, "
                + "everything is as it was before.",
            Examples =
            [
                ("qbackup start --qmp unix:/run/vm1.qmp", "Every disk, incremental where that is sound:"),
                ("qbackup start --qmp unix:/run/vm1.qmp --disk vda --level full --scratch-dir /srv/scratch",
                    "One disk in full, with the scratch image elsewhere:"),
                ("qbackup start --qmp unix:/run/vm1.qmp --dry-run", "Show what would be done, command by command:"),
            ],
        };
        VmOptions.AddTo(command);
        StartOptions.AddTo(command);
        AgentOptions.AddTo(command);
        command.Options.Add(VmOptions.DryRun);
        command.Runs(RunAsync);
        return command;
    }

    private static Task RunAsync(CommandContext context, CancellationToken cancellationToken) =>
        context.Arguments.GetValue(VmOptions.DryRun) ? PlanCommand.ShowStartAsync(context, cancellationToken)
            : OpenAsync(context, cancellationToken);

    private static Task OpenAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var request = StartOptions.Bind(context);
        context.InterruptedMessage = "Interrupted: no backup was opened, everything is as it was before.";
        context.StoppingMessage = "Interrupted: rolling back. Press Ctrl-C again to leave at once.";
        context.AbandonedMessage = "Left before the end: parts of the backup may remain in QEMU and in the scratch directory.";
        context.AbandonedHint = "Run 'qbackup abort': it finds and undoes what remains.";
        return VmOptions.ConnectedAsync(context, async workflow =>
        {
            var plan = await workflow.PlanStartAsync(request, cancellationToken).ConfigureAwait(false);
            context.Warn(plan.Remarks);
            var session = await workflow.StartPlannedAsync(plan, cancellationToken).ConfigureAwait(false);
            context.Warn(AgentOptions.Remarks(null, session.FreezeRemedy, session.ThawProblem));
            context.WriteResult(
                new SessionDocument(Contract.Session(session),
                    [.. plan.Remarks, .. AgentOptions.Remarks(session.FreezeObstacle, session.FreezeRemedy, session.ThawProblem)]),
                JsonText.Context.SessionDocument,
                text => SessionText.WriteOpened(text, session),
                ($"Backup {session.Id} is open, but the result could not be written",
                    "'qbackup status' shows it; 'qbackup abort' closes it as if it had never been started."));
        }, cancellationToken, AgentOptions.Freezer(context));
    }
}
