using System.CommandLine;
using QmpBackup.Cli.Help;
using QmpBackup.Cli.Json;
using QmpBackup.Cli.Options;
using QmpBackup.Cli.Rendering;
using QmpBackup.Cli.Running;

namespace QmpBackup.Cli.Commands;

/// <summary><c>qbackup status</c></summary>
internal static class StatusCommand
{
    public static Command Create()
    {
        var command = new CliCommand("status", "Show the open backup, if any, and the chains of checkpoints. Changes nothing.")
        {
            Examples =
            [
                ("qbackup status --qmp unix:/run/vm1.qmp", "What is open, and since when the next increment would be:"),
                ("qbackup status --qmp unix:/run/vm1.qmp -o json | jq -r '.session.disks[].uri'", "Where an open backup can be read:"),
            ],
        };
        VmOptions.AddTo(command);
        command.Runs(RunAsync);
        return command;
    }

    private static async Task RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var workflow = await VmOptions.ConnectAsync(context, cancellationToken).ConfigureAwait(false);
        await using (workflow.ConfigureAwait(false))
        {
            var status = await workflow.GetStatusAsync(cancellationToken).ConfigureAwait(false);
            context.WriteResult(
                new StatusDocument(status.Session is { } session ? Contract.Session(session) : null, status.Problem, status.Interrupted, [.. status.Chains.Select(Contract.Chain)]) { Remarks = status.Remarks },
                JsonText.Context.StatusDocument,
                text => StatusText.Write(text, status));
        }
    }
}
