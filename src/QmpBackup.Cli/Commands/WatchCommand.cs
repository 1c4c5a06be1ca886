using System.CommandLine;
using QmpBackup.Cli.Help;
using QmpBackup.Cli.Json;
using QmpBackup.Cli.Options;
using QmpBackup.Cli.Running;

namespace QmpBackup.Cli.Commands;

/// <summary><c>qbackup watch</c></summary>
internal static class WatchCommand
{
    public static Command Create()
    {
        var command = new CliCommand("watch", "Watch an open backup: abort it before a full scratch image affects the guest.")
        {
            Remarks = "It ends when the backup is closed, with exit code 5 if it had to abort it. It occupies its QMP socket, which "
                + "serves one client: give the VM a second one for it.",
            Examples = [("qbackup watch --qmp unix:/run/vm1-watch.qmp &", "While something else reads the open backup:")],
        };
        VmOptions.AddTo(command);
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
