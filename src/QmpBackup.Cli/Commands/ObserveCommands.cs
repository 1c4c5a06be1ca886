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
                ("qbackup inspect --qmp tcp:127.0.0.1:4444 --chain offsite -o json", "The same for another chain, as JSON:"),
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

/// <summary><c>qbackup plan</c></summary>
internal static class PlanCommand
{
    public static Command Create()
    {
        var start = new CliCommand("start", "Show what 'qbackup start' would do.")
        {
            Examples = [("qbackup plan start --qmp unix:/run/vm1.qmp", "How a backup of this VM would be opened:")],
        };
        VmOptions.AddTo(start);
        StartOptions.AddTo(start);
        AgentOptions.AddTo(start);
        start.Runs(ShowStartAsync);

        var finish = new CliCommand("finish", "Show what 'qbackup finish' would do with the open backup.")
        {
            Examples = [("qbackup plan finish --qmp unix:/run/vm1.qmp", "How the open backup would be closed:")],
        };
        VmOptions.AddTo(finish);
        finish.Options.Add(StartOptions.ScratchPlace);
        finish.Options.Add(VmOptions.KeepBitmap);
        finish.Runs(ShowFinishAsync);

        var abort = new CliCommand("abort", "Show what 'qbackup abort' would do with the open backup.")
        {
            Examples = [("qbackup plan abort --qmp unix:/run/vm1.qmp", "How the open backup would be rolled back:")],
        };
        VmOptions.AddTo(abort);
        abort.Options.Add(StartOptions.ScratchPlace);
        abort.Runs(ShowAbortAsync);

        return new CliCommand("plan",
            "Show the exact QMP commands of start, finish or abort, each with its purpose and its undo. Changes nothing.")
        {
            Examples =
            [
                ("qbackup plan start --qmp unix:/run/vm1.qmp", "How a backup of this VM would be opened:"),
                ("qbackup plan abort --qmp unix:/run/vm1.qmp -o json", "How the open backup would be rolled back, as JSON:"),
            ],
            Subcommands = { start, finish, abort },
        };
    }

    public static Task ShowStartAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var request = StartOptions.Bind(context);
        return ShowAsync(context, (workflow, token) => workflow.PlanStartAsync(request, token), cancellationToken);
    }

    public static Task ShowFinishAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var keep = context.Arguments.GetValue(VmOptions.KeepBitmap);
        return ShowAsync(context, (workflow, token) => workflow.PlanFinishAsync(keep, token), cancellationToken);
    }

    public static Task ShowAbortAsync(CommandContext context, CancellationToken cancellationToken) =>
        ShowAsync(context, (workflow, token) => workflow.PlanAbortAsync(token), cancellationToken);

    private static Task ShowAsync(
        CommandContext context, Func<BackupWorkflow, CancellationToken, Task<BackupPlan>> makePlan, CancellationToken cancellationToken) =>
        VmOptions.ConnectedAsync(context, async workflow =>
        {
            var plan = await makePlan(workflow, cancellationToken).ConfigureAwait(false);
            context.WriteResult(new PlanDocument(Contract.Plan(plan)), JsonText.Context.PlanDocument,
                text => PlanText.Write(text, plan, inFull: context.Settings.Verbosity > 0));
        }, cancellationToken);
}

/// <summary><c>qbackup status</c></summary>
internal static class StatusCommand
{
    public static Command Create()
    {
        var command = new CliCommand("status", "Show the open backup, if there is one, and the chains of checkpoints. Changes nothing.")
        {
            Examples =
            [
                ("qbackup status --qmp unix:/run/vm1.qmp", "What is open, and which checkpoints an increment can be relative to:"),
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
