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
        var command = new CliCommand("inspect",
            "Show the VM's disks and bitmaps, what a backup would do with each disk, and why. Changes nothing.")
        {
            Examples =
            [
                ("qbackup inspect --qmp unix:/run/vm1.qmp", "What the VM has, and what a backup would do:"),
                ("qbackup inspect --qmp tcp:127.0.0.1:4444 --chain offsite -o json", "The same for another chain, for a script:"),
            ],
        };
        VmOptions.AddTo(command);
        Option[] options = [StartOptions.Disk, StartOptions.Exclude, StartOptions.Chain, StartOptions.Level, StartOptions.Since];
        foreach (var option in options)
            command.Options.Add(option);
        command.Runs(RunAsync);
        return command;
    }

    private static Task RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var request = StartOptions.Bind(context);
        return VmOptions.ConnectedAsync(context, async workflow =>
        {
            var inspection = await workflow.InspectAsync(request, cancellationToken).ConfigureAwait(false);
            context.WriteResult(
                Contract.Inspect(inspection), JsonText.Context.InspectDocument, text => InspectText.Write(text, inspection));
        }, cancellationToken);
    }
}
