using System.CommandLine;
using QmpBackup.Cli.Help;
using QmpBackup.Cli.Json;
using QmpBackup.Cli.Options;
using QmpBackup.Cli.Running;
using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli.Commands;

/// <summary><c>qbackup finish</c></summary>
internal static class FinishCommand
{
    public static Command Create()
    {
        var command = new CliCommand("finish", "Close the open backup: its data is safe, and the next one can be relative to it.")
        {
            Remarks = "Only say so when what was read is safely stored. If it is cut off, running it again goes on from there.",
            Examples =
            [
                ("qbackup finish --qmp unix:/run/vm1.qmp", "The data is safe:"),
                ("qbackup finish --qmp unix:/run/vm1.qmp --keep-bitmap", "And keep the old bitmap, so that a later backup can reach back beyond this one:"),
            ],
        };
        VmOptions.AddTo(command);
        command.Options.Add(CloseOptions.KeepBitmap);
        command.Options.Add(CloseOptions.DryRun);
        command.Runs(RunAsync);
        return command;
    }

    private static Task RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        if (context.Arguments.GetValue(CloseOptions.DryRun))
            return PlanCommand.ShowFinishAsync(context, cancellationToken);
        var keep = context.Arguments.GetValue(CloseOptions.KeepBitmap);
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
            Remarks = "Every change recorded before and since is part of the next backup. Safe to repeat, and when nothing is open.",
            Examples =
            [
                ("qbackup abort --qmp unix:/run/vm1.qmp", "Give every recorded bit back and clean up:"),
                ("qbackup abort --qmp unix:/run/vm1.qmp --dry-run", "What that would be, command by command:"),
            ],
        };
        VmOptions.AddTo(command);
        command.Options.Add(CloseOptions.DryRun);
        command.Runs(RunAsync);
        return command;
    }

    private static Task RunAsync(CommandContext context, CancellationToken cancellationToken) =>
        context.Arguments.GetValue(CloseOptions.DryRun)
            ? PlanCommand.ShowAbortAsync(context, cancellationToken)
            : Closing.RunAsync(context, "abort", (workflow, token) => workflow.AbortAsync(token), cancellationToken);
}

/// <summary>What <c>finish</c> and <c>abort</c> have in common.</summary>
internal static class Closing
{
    public static async Task RunAsync(CommandContext context, string action, Func<BackupWorkflow, CancellationToken, Task<BackupPlan>> close, CancellationToken cancellationToken)
    {
        context.InterruptedMessage = "Interrupted: the backup is not completely closed.";
        context.InterruptedHint = $"Run 'qbackup {action}' again: it goes on from there.";
        context.StoppingMessage = "Interrupted: stopping after this step. Ctrl-C once more leaves at once.";
        context.AbandonedMessage = "Left in the middle: the backup is not completely closed.";
        context.AbandonedHint = context.InterruptedHint;
        var workflow = await VmOptions.ConnectAsync(context, cancellationToken).ConfigureAwait(false);
        await using (workflow.ConfigureAwait(false))
        {
            var before = await workflow.GetStatusAsync(cancellationToken).ConfigureAwait(false);
            var plan = await close(workflow, cancellationToken).ConfigureAwait(false);
            var session = before.Session is { } open ? Contract.Closed(open)
                : before.Interrupted is { } id ? new ClosedSessionDto(id, null, null) : null;
            context.Warn(plan.Remarks);
            context.WriteResult(new CloseDocument(action, session, plan.Summary, plan.Remarks), JsonText.Context.CloseDocument, text => Write(text, action, session));
        }
    }

    private static void Write(TextDocument text, string action, ClosedSessionDto? session)
    {
        if (session is null)
            text.Line("No backup was open: there was nothing to do.");
        else if (action == "finish")
            text.Write("Backup ").Write(session.Id, Style.Heading).Line(" is closed: its data is safe, and the next backup can be relative to it.");
        else
            text.Write("Backup ").Write(session.Id, Style.Heading).Line(" is rolled back, as if it had never been started: every change since is part of the next backup.");
    }
}
