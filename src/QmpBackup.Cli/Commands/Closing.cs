using QmpBackup.Cli.Json;
using QmpBackup.Cli.Options;
using QmpBackup.Cli.Running;
using QmpBackup.Cli.Terminal;
using QmpBackup.Planning;

namespace QmpBackup.Cli.Commands;

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
