using System.CommandLine;
using QmpBackup.Cli.Help;
using QmpBackup.Cli.Json;
using QmpBackup.Cli.Options;
using QmpBackup.Cli.Rendering;
using QmpBackup.Cli.Running;

namespace QmpBackup.Cli.Commands;

/// <summary><c>qbackup inspect</c></summary>
internal static class InspectCommand
{
    public static Command Create()
    {
        var command = new CliCommand("inspect", "Show what the VM has: disks, bitmaps, what a backup would do with each and why. Changes nothing.")
        {
            Examples =
            [
                ("qbackup inspect --qmp unix:/run/vm1.qmp", "What is there, and what a backup would do:"),
                ("qbackup inspect --qmp tcp:127.0.0.1:4444 --chain offsite -o json", "The same for another chain, for a script:"),
            ],
        };
        VmOptions.AddTo(command);
        foreach (var option in (Option[])[DiskOptions.Disk, DiskOptions.Exclude, StartOptions.Chain, StartOptions.Level, StartOptions.Since])
            command.Options.Add(option);
        command.Runs(RunAsync);
        return command;
    }

    private static async Task RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var request = StartOptions.Bind(context);
        var workflow = await VmOptions.ConnectAsync(context, cancellationToken).ConfigureAwait(false);
        await using (workflow.ConfigureAwait(false))
        {
            var state = await workflow.ObserveAsync(cancellationToken).ConfigureAwait(false);
            var document = Inspection.Of(state, request);
            context.WriteResult(document, JsonText.Context.InspectDocument, text => InspectText.Write(text, document));
        }
    }
}
