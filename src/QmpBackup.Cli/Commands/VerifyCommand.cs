using System.CommandLine;
using QmpBackup.Cli.Errors;
using QmpBackup.Cli.Help;
using QmpBackup.Cli.Json;
using QmpBackup.Cli.Options;
using QmpBackup.Cli.Rendering;
using QmpBackup.Cli.Running;
using QmpBackup.Cli.Settings;

namespace QmpBackup.Cli.Commands;

/// <summary><c>qbackup verify</c></summary>
internal static class VerifyCommand
{
    private static readonly Option<bool> Quick = TypedOption.Flag("--quick", "Check only structure and sizes, not the content.");

    public static Command Create()
    {
        var command = new CliCommand("verify", "Check whether a repository holds what was stored in it. Needs no VM.")
        {
            Remarks = "Every block is read and compared with its hash. Damage is remembered: the next run takes the disk in full and does "
                + "not build on it.",
            Examples =
            [
                ("qbackup verify --repo /srv/backup", "Everything:"),
                ("qbackup verify --repo /srv/backup --vm vm1 --point latest", "One point, and the points that it is built on:"),
            ],
        };
        RepositoryOptions.AddTo(command);
        command.Options.Add(RepositoryOptions.Point);
        command.Options.Add(RepositoryOptions.Disk);
        command.Options.Add(Quick);
        command.Options.Add(RepositoryOptions.Trust);
        SigningOptions.AddTo(command);
        command.Options.Add(ProgressOptions.Progress);
        command.Runs(RunAsync);
        return command;
    }

    private static async Task<ExitCode> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var (key, require) = SigningOptions.Checker(context);
        using var held = key;
        using var progress = ProgressOptions.Bind(context);
        var options = new CheckOptions { Progress = progress.Target, SignKey = key, RequireSignature = require };
        var (vm, chain) = RepositoryOptions.Names(context);
        var selection = new PointSelection
        {
            Vm = vm,
            Chain = chain,
            Point = context.Arguments.GetValue(RepositoryOptions.Point),
            Disk = context.Arguments.GetValue(RepositoryOptions.Disk),
        };
        var results = await RepositoryVerifier.VerifyAsync(
            RepositoryOptions.Open(context), selection, context.Arguments.GetValue(Quick), options, cancellationToken)
            .ConfigureAwait(false);
        progress.Dispose();
        var wrong = results.Where(r => !r.IsSound).ToList();
        context.WriteResult(new VerifyDocument(wrong.Count == 0, [.. results.Select(RepositoryContract.Result)]),
            JsonText.Context.VerifyDocument,
            text => VerifyText.Write(text, results, isChecked: key is not null));
        return wrong.Count == 0 ? ExitCode.Done : wrong.All(r => r.Fault!.IsUnread) ? ExitCode.Storage : ExitCode.VerificationFailed;
    }
}
