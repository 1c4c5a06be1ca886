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
        var command = new CliCommand("status", "Show the open backup, if there is one, and the chains of checkpoints. Changes nothing.")
        {
            Examples =
            [
                ("qbackup status --qmp unix:/run/vm1.qmp", "What is open, and from when the next increment would be:"),
                ("qbackup status --qmp unix:/run/vm1.qmp -o json | jq -r '.session.disks[].uri'", "Where an open backup can be read:"),
            ],
        };
        VmOptions.AddTo(command);
        command.Options.Add(StartOptions.ScratchPlace);
        command.Runs(RunAsync);
        return command;
    }

    private static Task RunAsync(CommandContext context, CancellationToken cancellationToken) =>
        VmOptions.ConnectedAsync(context, async workflow =>
    {
        var status = await workflow.GetStatusAsync(cancellationToken).ConfigureAwait(false);
        context.WriteResult(Contract.Status(status), JsonText.Context.StatusDocument, text => StatusText.Write(text, status));
    }, cancellationToken);
}
