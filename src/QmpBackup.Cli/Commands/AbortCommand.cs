using System.CommandLine;
using QmpBackup.Cli.Help;
using QmpBackup.Cli.Options;
using QmpBackup.Cli.Running;

namespace QmpBackup.Cli.Commands;

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
