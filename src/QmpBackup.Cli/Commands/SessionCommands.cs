using System.CommandLine;
using QmpBackup.Cli.Help;
using QmpBackup.Cli.Json;
using QmpBackup.Cli.Options;
using QmpBackup.Cli.Rendering;
using QmpBackup.Cli.Running;
using QmpBackup.Qmp;

namespace QmpBackup.Cli.Commands;

/// <summary><c>qbackup start</c></summary>
internal static class StartCommand
{
    public static Command Create()
    {
        var command = new CliCommand("start", "Open a backup: hold one point in time of all disks and export it over NBD.")
        {
            Remarks = "The guest continues to write. The backup stays open until 'finish' or 'abort'. If opening it fails or is "
                + "interrupted, everything is as it was before.",
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

/// <summary><c>qbackup finish</c></summary>
internal static class FinishCommand
{
    public static Command Create()
    {
        var command = new CliCommand("finish", "Close the open backup: its data is safe, and the next backup can be relative to it.")
        {
            Remarks = "Run it only when everything that was read is safely stored. If it is interrupted, run it again: it "
                + "continues from there.",
            Examples =
            [
                ("qbackup finish --qmp unix:/run/vm1.qmp", "The data is safe:"),
                ("qbackup finish --qmp unix:/run/vm1.qmp --keep-bitmap",
                    "Keep the old bitmap too, so that a later backup can reach back beyond this one:"),
            ],
        };
        VmOptions.AddTo(command);
        command.Options.Add(VmOptions.KeepBitmap);
        command.Options.Add(StartOptions.ScratchPlace);
        command.Options.Add(VmOptions.DryRun);
        command.Runs(RunAsync);
        return command;
    }

    private static Task RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        if (context.Arguments.GetValue(VmOptions.DryRun))
            return PlanCommand.ShowFinishAsync(context, cancellationToken);
        var keep = context.Arguments.GetValue(VmOptions.KeepBitmap);
        return Closing.RunAsync(context, "finish", (workflow, token) => workflow.FinishAsync(keep, token), cancellationToken);
    }
}

/// <summary><c>qbackup abort</c></summary>
internal static class AbortCommand
{
    public static Command Create()
    {
        var command = new CliCommand("abort", "Close the open backup as if it had never been started.")
        {
            Remarks = "Every change that was recorded before it and during it becomes part of the next backup. You can repeat it, even "
                + "when nothing is open.",
            Examples =
            [
                ("qbackup abort --qmp unix:/run/vm1.qmp", "Give back every recorded change and clean up:"),
                ("qbackup abort --qmp unix:/run/vm1.qmp --dry-run", "Show what that would be, command by command:"),
            ],
        };
        VmOptions.AddTo(command);
        command.Options.Add(StartOptions.ScratchPlace);
        command.Options.Add(VmOptions.DryRun);
        command.Runs(RunAsync);
        return command;
    }

    private static Task RunAsync(CommandContext context, CancellationToken cancellationToken) =>
        context.Arguments.GetValue(VmOptions.DryRun)
            ? PlanCommand.ShowAbortAsync(context, cancellationToken)
            : Closing.RunAsync(context, "abort", (workflow, token) => workflow.AbortAsync(token), cancellationToken);
}

/// <summary>What <c>finish</c> and <c>abort</c> have in common.</summary>
internal static class Closing
{
    public static Task RunAsync(
        CommandContext context, string action, Func<BackupWorkflow, CancellationToken, Task<BackupPlan>> close,
        CancellationToken cancellationToken)
    {
        context.InterruptedMessage = "Interrupted: the backup is not completely closed.";
        context.InterruptedHint = $"Run 'qbackup {action}' again: it continues from there.";
        context.StoppingMessage = "Interrupted: stopping after this step. Press Ctrl-C again to leave at once.";
        context.AbandonedMessage = "Left before the end: the backup is not completely closed.";
        context.AbandonedHint = context.InterruptedHint;
        return VmOptions.ConnectedAsync(context, async workflow =>
        {
            var before = await workflow.GetStatusAsync(cancellationToken).ConfigureAwait(false);
            var plan = await close(workflow, cancellationToken).ConfigureAwait(false);
            var session = before.Session is { } open ? Contract.Closed(open)
                : before.Interrupted is { } id ? new ClosedSessionDto(id.Value, null, null) : null;
            context.Warn(plan.Remarks);
            context.WriteResult(new CloseDocument(action, session, plan.Summary, plan.Remarks), JsonText.Context.CloseDocument,
                text => SessionText.WriteClosed(text, action, session?.Id, plan));
        }, cancellationToken);
    }
}

/// <summary><c>qbackup watch</c></summary>
internal static class WatchCommand
{
    public static Command Create()
    {
        var command = new CliCommand("watch", "Watch an open backup: abort it before a full scratch image affects the guest.")
        {
            Remarks = "It ends when the backup is closed, with exit code 5 if it had to abort it. Other clients of the QMP "
                + "socket get their turn between two looks.",
            Examples = [("qbackup watch --qmp unix:/run/vm1.qmp &", "While something else reads the open backup:")],
        };
        VmOptions.AddTo(command);
        command.Options.Add(VmOptions.HoldMonitor);
        command.Runs(RunAsync);
        return command;
    }

    private static Task RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        context.InterruptedMessage = "Interrupted: the backup is not watched any more. It stays open.";
        return VmOptions.ConnectedAsync(context, async workflow =>
        {
            var closed = await new BackupWatcher(workflow).WatchAsync(cancellationToken).ConfigureAwait(false) == WatchEnd.Closed;
            context.WriteResult(new WatchDocument(closed ? "closed" : "nothing-open"), JsonText.Context.WatchDocument,
                text => text.Line(closed ? "The backup was closed." : "No backup is open: nothing to watch."));
        }, cancellationToken);
    }
}

/// <summary><c>qbackup thaw</c></summary>
internal static class ThawCommand
{
    public static Command Create()
    {
        var command = new CliCommand("thaw", "Thaw a guest that was left frozen. You can repeat it, even when nothing is frozen.")
        {
            Remarks = "It retries for up to a minute, until the guest agent says that the guest is thawed.",
            Examples = [("qbackup thaw --agent unix:/run/vm1.qga", "It does not matter what froze it:")],
        };
        command.Options.Add(AgentOptions.Agent.Option);
        command.Runs(RunAsync);
        return command;
    }

    private static async Task RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var agent = AgentOptions.RequireAgent(context);
        var thawed = await AgentFreezer.ThawAsync(agent, new GuestAgentOptions { LoggerFactory = context.LoggerFactory })
            .ConfigureAwait(false);
        var message = thawed switch
        {
            null => "The guest is thawed.",
            0 => "Nothing was frozen.",
            _ => $"The guest is thawed: {thawed} file systems.",
        };
        context.WriteResult(new ThawDocument(thawed), JsonText.Context.ThawDocument, text => text.Line(message));
    }
}
