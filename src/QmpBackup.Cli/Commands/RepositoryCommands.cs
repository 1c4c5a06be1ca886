using System.CommandLine;
using QmpBackup.Cli.Errors;
using QmpBackup.Cli.Help;
using QmpBackup.Cli.Json;
using QmpBackup.Cli.Options;
using QmpBackup.Cli.Rendering;
using QmpBackup.Cli.Running;
using QmpBackup.Cli.Settings;

namespace QmpBackup.Cli.Commands;

/// <summary><c>qbackup list</c></summary>
internal static class ListCommand
{
    public static Command Create()
    {
        var command = new CliCommand("list", "List what a repository holds. Needs no VM.")
        {
            Examples =
            [
                ("qbackup list --repo /srv/backup", "Everything:"),
                ("qbackup list --repo /srv/backup --vm vm1 -o json | jq -r '.points[-1].id'", "The latest point of one VM:"),
            ],
        };
        RepositoryOptions.AddTo(command);
        command.Options.Add(RepositoryOptions.Trust);
        command.Runs(Run);
        return command;
    }

    private static Task Run(CommandContext context, CancellationToken cancellationToken)
    {
        var (vm, chain) = RepositoryOptions.Names(context);
        var chains = RepositoryOptions.Open(context).FindChains(vm, chain).Select(c => c.Read()).ToList();
        context.WriteResult(RepositoryContract.List(chains), JsonText.Context.ListDocument, text => PointText.WriteList(text, chains));
        return Task.CompletedTask;
    }
}

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

/// <summary><c>qbackup restore</c></summary>
internal static class RestoreCommand
{
    private static readonly Option<string?> To = new("--to")
    {
        Description = "With --disk: a file, a block device, an NBD URI, or a folder, which ends with a /. Without --disk: a folder for "
            + "all disks.",
        HelpName = "FILE|DIR|DEVICE|NBD-URI",
    };

    private static readonly Option<ImageFormat?> Format = TypedOption.Choice(
        "--format", "The format of files; default qcow2.", ("qcow2", ImageFormat.Qcow2), ("raw", ImageFormat.Raw));

    private static readonly Option<bool> Force = TypedOption.Flag("--force", "Replace what is there, unless something uses it.");

    public static Command Create()
    {
        var command = new CliCommand("restore", "Restore disks from a repository. Needs no VM.")
        {
            Remarks = "Every block is compared with its hash. A file gets its name only when all of it was right and is safely on the "
                + "disk.",
            Examples =
            [
                ("qbackup restore --repo /srv/backup --point latest --disk vda --to /var/lib/vm1/vda.qcow2", "One disk:"),
                ("qbackup restore --repo /srv/backup --vm vm1 --point 20261123T034712Z-1a2b3c --to /srv/restored --format raw",
                    "All disks of a point:"),
            ],
        };
        RepositoryOptions.AddTo(command);
        command.Options.Add(RepositoryOptions.Point);
        command.Options.Add(RepositoryOptions.Disk);
        command.Options.Add(To);
        command.Options.Add(Format);
        command.Options.Add(Force);
        SigningOptions.AddTo(command);
        command.Options.Add(RepositoryOptions.Trust);
        command.Options.Add(NbdOptions.Timeout);
        command.Options.Add(ProgressOptions.Progress);
        command.Runs(RunAsync);
        return command;
    }

    private static async Task RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        context.InterruptedMessage = "Interrupted: no incomplete file is left.";
        var arguments = context.Arguments;
        var target = arguments.GetValue(To) ?? throw new UsageException("No target is named.", "Name it with --to.");
        var point = arguments.GetValue(RepositoryOptions.Point)
            ?? throw new UsageException("No point is named.", "Name it with --point; 'latest' is the latest.");
        var (disk, format, force) = (arguments.GetValue(RepositoryOptions.Disk), arguments.GetValue(Format), arguments.GetValue(Force));
        var isOneDisk = Restorer.IsOneDisk(target);
        if (isOneDisk && format == ImageFormat.Qcow2)
        {
            throw new UsageException("A device or an NBD export takes a disk as it is: --format qcow2 is for files.",
                "Leave --format out.");
        }

        var (key, require) = SigningOptions.Checker(context);
        using var held = key;
        using var progress = ProgressOptions.Bind(context);
        var (vm, chain) = RepositoryOptions.Names(context);
        var restorer = new Restorer(RepositoryOptions.Open(context).FindChain(vm, chain), new CheckOptions
        {
            Progress = progress.Target,
            SignKey = key,
            RequireSignature = require,
            TrustFolders = arguments.GetValue(RepositoryOptions.Trust),
            Nbd = NbdOptions.Bind(context),
        });
        // A target for one disk cannot take several, so the point must have only one disk.
        IReadOnlyList<RestoredDisk> restored = !isOneDisk && disk is null
            ? await restorer.RestoreAllAsync(point, target, format ?? ImageFormat.Qcow2, force, cancellationToken).ConfigureAwait(false)
            : [await restorer.RestoreAsync(point, disk, target, format ?? ImageFormat.Qcow2, force, cancellationToken)
                .ConfigureAwait(false)];
        progress.Dispose();
        context.Warn(restored.Where(r => r.SourceEncryption is not null).Select(r =>
            $"Disk {r.Disk} was encrypted ({r.SourceEncryption}) where the VM stored it, and the restored image is not. Before you use it, "
            + "take the key out of the VM's arguments, or encrypt the image again ('qemu-img convert')."));
        if (restored.Select(d => d.Point).Distinct().Count() > 1)
            context.Warn(["the latest states of the disks belong to different points, and so to different times."]);
        context.WriteResult(new RestoreDocument([.. restored.Select(RepositoryContract.Restored)]), JsonText.Context.RestoreDocument,
            text => VerifyText.WriteRestored(text, restored));
    }
}
