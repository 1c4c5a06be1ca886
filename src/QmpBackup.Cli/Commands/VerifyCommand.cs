using System.CommandLine;
using QmpBackup.Cli.Errors;
using QmpBackup.Cli.Help;
using QmpBackup.Cli.Json;
using QmpBackup.Cli.Options;
using QmpBackup.Cli.Running;
using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli.Commands;

/// <summary><c>qbackup verify</c></summary>
internal static class VerifyCommand
{
    private static readonly Option<bool> Quick = new("--quick")
    {
        Description = "Look at structure and sizes only, not at the content.",
        Arity = ArgumentArity.Zero,
    };

    public static Command Create()
    {
        var command = new CliCommand("verify", "Find out whether a repository holds what was put there. Needs no VM.")
        {
            Remarks = "Every block is read and compared with its hash. What is found damaged is remembered: the next run takes a full rather than building on it.",
            Examples =
            [
                ("qbackup verify --repo /srv/backup", "All of it:"),
                ("qbackup verify --repo /srv/backup --vm vm1 --point latest", "One point, and those that it is built on:"),
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
        var (point, disk) = (context.Arguments.GetValue(RepositoryOptions.Point), context.Arguments.GetValue(RepositoryOptions.Disk));
        var chains = point is null ? RepositoryOptions.Chains(context) : [RepositoryOptions.OneChain(context)];
        if (chains.Count == 0)
            throw new BackupException(BackupErrorCode.InvalidArgument, RepositoryOptions.EmptyText, "'qbackup run' takes the first backup.");
        var results = new List<VerifyResult>();
        foreach (var chain in chains)
        {
            results.AddRange(await RepositoryVerifier.VerifyAsync(
                chain, point, disk, context.Arguments.GetValue(Quick), options, cancellationToken).ConfigureAwait(false));
        }

        progress.Dispose();
        if (results.Count == 0)
            throw new BackupException(BackupErrorCode.InvalidArgument, "The repository holds no complete point yet.", "'qbackup list' shows what there is.");
        var wrong = results.Where(r => !r.IsSound).ToList();
        context.WriteResult(new VerifyDocument(wrong.Count == 0, [.. results.Select(RepositoryContract.Result)]), JsonText.Context.VerifyDocument, text => Write(text, results, wrong, isChecked: key is not null));
        return wrong.Count == 0 ? ExitCode.Done : wrong.All(r => r.Fault!.IsUnread) ? ExitCode.Storage : ExitCode.VerificationFailed;
    }

    private static void Write(TextDocument text, List<VerifyResult> results, List<VerifyResult> wrong, bool isChecked)
    {
        foreach (var result in wrong)
        {
            var what = result.Disk is { } disk ? $"disk {disk} of point {result.Point}" : $"point {result.Point}";
            text.Write(result.Fault!.IsUnread ? "unread  " : "damaged ", Style.Bad).Line($"{result.Vm}, chain {result.Chain}: {what}");
            text.Prose(result.Fault.Point == result.Point ? result.Fault.Problem : $"it is built on point {result.Fault.Point}: {result.Fault.Problem}", 8);
        }

        var points = results.Select(r => (r.Vm, r.Chain, r.Point)).Distinct().Count();
        if (wrong.Count == 0)
            text.Write("sound ", Style.Good).Line($"{Humane.Count(points, "point")}, {Humane.Count(results.Count, "disk")}.");
        else
            text.Line($"{wrong.Count} of {Humane.Count(results.Count, "disk")} in {Humane.Count(points, "point")} {(wrong.All(r => r.Fault!.IsUnread) ? "could not be read: nothing is known of them" : "cannot be restored as they were")}.");
        WriteSignatures(text, results, isChecked);
    }

    private static void WriteSignatures(TextDocument text, List<VerifyResult> results, bool isChecked)
    {
        var points = results.Where(r => r.Disk is not null).Select(r => (r.Vm, r.Chain, r.Point, r.Signature)).Distinct().ToList();
        var unsigned = points.Where(p => p.Signature == SignatureState.None).ToList();
        if (points.Count == 0 || (!isChecked && unsigned.Count == points.Count))
            return;
        if (!isChecked)
            text.Line($"Signatures were not checked: no key was named with --sign-key. {Humane.Count(points.Count - unsigned.Count, "point")} of {points.Count} have one.");
        else
            text.Line($"{Humane.Count(points.Count(p => p.Signature == SignatureState.Valid), "point")} of {points.Count} signed with this key.");
        foreach (var (vm, chain, point, _) in unsigned)
            text.Line($"not signed: {vm}, chain {chain}: point {point}");
    }
}
