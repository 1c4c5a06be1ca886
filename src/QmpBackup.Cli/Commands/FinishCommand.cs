using System.CommandLine;
using QmpBackup.Cli.Help;
using QmpBackup.Cli.Options;
using QmpBackup.Cli.Running;

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
