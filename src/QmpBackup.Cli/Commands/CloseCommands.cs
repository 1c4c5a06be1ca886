using System.CommandLine;
using QmpBackup.Cli.Help;
using QmpBackup.Cli.Json;
using QmpBackup.Cli.Options;
using QmpBackup.Cli.Rendering;
using QmpBackup.Cli.Running;

namespace QmpBackup.Cli.Commands;

/// <summary><c>qbackup finish</c></summary>
internal static class FinishCommand
{
    public static Command Create()
    {
        var command = new CliCommand("finish", "Close the open backup: its data is safe, and the next backup can be relative to it.")
        {
            Remarks = "Run it only when everything that was read is safely stored. If it is cut off, run it again: it goes on from there.",
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
            Remarks = "Every change that was recorded before it and during it becomes part of the next backup. You can repeat it, also "
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
        context.InterruptedHint = $"Run 'qbackup {action}' again: it goes on from there.";
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
