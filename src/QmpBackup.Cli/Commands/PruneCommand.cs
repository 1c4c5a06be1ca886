using System.CommandLine;
using System.Globalization;
using QmpBackup.Cli.Errors;
using QmpBackup.Cli.Help;
using QmpBackup.Cli.Json;
using QmpBackup.Cli.Options;
using QmpBackup.Cli.Rendering;
using QmpBackup.Cli.Running;
using QmpBackup.Cli.Settings;

namespace QmpBackup.Cli.Commands;

/// <summary><c>qbackup prune</c></summary>
internal static class PruneCommand
{
    private static readonly Option<int?> Last = Count("--keep-last", "Keep the N newest points.");
    private static readonly Option<int?> Hourly = Count(
        "--keep-hourly", "Keep the newest point of each of the last N hours that have one.");
    private static readonly Option<int?> Daily = Count("--keep-daily", "Keep the newest point of each of the last N days that have one.");
    private static readonly Option<int?> Weekly = Count(
        "--keep-weekly", "Keep the newest point of each of the last N weeks that have one.");
    private static readonly Option<int?> Monthly = Count(
        "--keep-monthly", "Keep the newest point of each of the last N months that have one.");
    private static readonly Option<int?> Yearly = Count(
        "--keep-yearly", "Keep the newest point of each of the last N years that have one.");

    private static readonly Option<TimeSpan?> Within = TypedOption.Of<TimeSpan?>("--keep-within",
        "Keep all points that are at most this much older than the newest one.", "DURATION", "a duration such as 12h, 14d or 8w",
        TryReadDuration);

    private static readonly Option[] Rules = [Last, Hourly, Daily, Weekly, Monthly, Yearly, Within];

    private static readonly Option<string[]> Point = new("--point")
    {
        Description = "Remove exactly this point. Can be repeated; takes no --keep option.",
        HelpName = "ID",
    };

    private static readonly Option<bool> Yes = TypedOption.Flag("--yes", "Do not ask. Needed where no terminal can answer.");
    private static readonly Option<bool> DryRun = NewDryRun();

    private static readonly Option<string?> Sign = new("--sign-key")
    {
        Description = "The private key that the points are signed with. A merged point is signed again.",
        HelpName = "FILE",
    };

    public static Command Create()
    {
        var command = new CliCommand("prune", "Remove points of a repository that no rule keeps. Needs no VM.")
        {
            Remarks = "A point that others are built on is merged into them, so that they stay complete. The newest point from which a "
                + "disk can be restored always stays, as do pinned points. If prune is killed, all points that stay are complete at every "
                + "moment, and the next prune goes on.",
            Examples =
            [
                ("qbackup prune --repo /srv/backup --keep-daily 14 --keep-weekly 8 --dry-run", "What would go:"),
                ("qbackup prune --repo /srv/backup --keep-daily 14 --keep-weekly 8 --keep-monthly 12 --yes", "After each backup:"),
                ("qbackup prune --repo /srv/backup --vm vm1 --point 20261123T034712Z-1a2b3c", "One point:"),
            ],
        };
        RepositoryOptions.AddTo(command);
        foreach (var option in (Option[])[.. Rules, Point, Yes, DryRun, Sign, RepositoryOptions.Trust])
            command.Options.Add(option);
        command.Runs(RunAsync);
        return command;
    }

    private static async Task<ExitCode> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var arguments = context.Arguments;
        var policy = PolicyOf(arguments);
        using var key = SigningOptions.Signer(context, Sign);
        var options = new PruneOptions { SignKey = key };
        var plans = Plan(context, policy, options);
        var isDryRun = arguments.GetValue(DryRun);
        if (!isDryRun && plans.Any(p => !p.Removed.IsEmpty))
            Confirm(context, plans);
        context.InterruptedMessage = "Interrupted. The points that stay are complete.";
        context.InterruptedHint = "Run prune again: it completes what was begun.";
        BackupException? failure = null;
        if (!isDryRun)
            (plans, failure) = await ExecuteAsync(plans, options, cancellationToken).ConfigureAwait(false);
        context.WriteResult(RepositoryContract.Pruned(plans, isDryRun), JsonText.Context.PruneDocument,
            text => PruneText.Write(text, plans, isDryRun),
            isDryRun ? null : ("Points were removed.", "'qbackup list' shows what is left."));
        if (failure is not null)
            throw failure;
        // A point that was named and stays is a failure.
        var stays = plans.SelectMany(p => p.Kept).FirstOrDefault(k => policy.Remove.Contains(k.Point.Id));
        return stays is null ? ExitCode.Done
            : throw new BackupException(
                BackupErrorCode.Storage, $"Point {stays.Point.Id} was not removed: {PruneText.Why(stays)}.", stays.Explanation);
    }

    private static RetentionPolicy PolicyOf(ParseResult arguments) => new()
    {
        KeepLast = arguments.GetValue(Last),
        KeepHourly = arguments.GetValue(Hourly),
        KeepDaily = arguments.GetValue(Daily),
        KeepWeekly = arguments.GetValue(Weekly),
        KeepMonthly = arguments.GetValue(Monthly),
        KeepYearly = arguments.GetValue(Yearly),
        KeepWithin = arguments.GetValue(Within),
        Remove =
        [
            .. (arguments.GetValue(Point) ?? []).Select(text => CheckpointId.TryParse(text, out var id) ? id
                : throw new UsageException($"Invalid value '{text}' for --point; expected a point's id.", "'qbackup list' shows the ids.")),
        ],
    };

    private static List<PrunePlan> Plan(CommandContext context, RetentionPolicy policy, PruneOptions options)
    {
        var (vm, chain) = RepositoryOptions.Names(context);
        var repository = RepositoryOptions.Open(context);
        if (!policy.Remove.IsEmpty)
            return [RepositoryPruner.Plan(repository.FindChain(vm, chain), policy, options)];
        return [.. repository.FindChains(vm, chain).Select(c => RepositoryPruner.Plan(c, policy, options))];
    }

    // One chain that is busy does not keep the others from being pruned.
    private static async Task<(List<PrunePlan> Done, BackupException? Failure)> ExecuteAsync(
        List<PrunePlan> plans, PruneOptions options, CancellationToken cancellationToken)
    {
        var done = new List<PrunePlan>();
        BackupException? failure = null;
        foreach (var plan in plans)
        {
            try
            {
                done.Add(await RepositoryPruner.ExecuteAsync(plan, options, cancellationToken).ConfigureAwait(false));
            }
            catch (BackupException e)
            {
                failure ??= e;
            }
        }

        return (done, failure);
    }

    private static void Confirm(CommandContext context, List<PrunePlan> plans)
    {
        if (context.Arguments.GetValue(Yes))
            return;
        if (!context.Console.IsInputTerminal || !context.Console.IsErrorTerminal)
        {
            throw new UsageException("Points would be removed, and there is no terminal at which to ask.",
                "Add --yes. With --dry-run prune only says what would go.");
        }

        foreach (var (plan, removed) in plans.SelectMany(p => p.Removed.Select(r => (p, r))))
            context.Console.Error.WriteLine($"  {plan.Chain.Vm}, chain {plan.Chain.Chain}: {removed.Point.Id}");
        context.Console.Error.Write($"Remove {Count(plans)}? [y/N] ");
        context.Console.Error.Flush();
        if (context.Console.In.ReadLine()?.Trim() is not ("y" or "Y" or "yes"))
            throw new UsageException("Nothing was removed.", "Answer y to remove the points.");
    }

    private static string Count(List<PrunePlan> plans) => Terminal.Humane.Count(plans.Sum(p => p.Removed.Length), "point");

    private static Option<int?> Count(string name, string description) =>
        TypedOption.Of<int?>(name, description, "N", "a number, 0 or more",
        (text, out value) =>
        {
            var isValid = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number);
            value = isValid ? number : null;
            return isValid;
        });

    private static Option<bool> NewDryRun()
    {
        var option = TypedOption.Flag("--dry-run", "Only say what would be removed.");
        option.Aliases.Add("-n");
        return option;
    }

    private static bool TryReadDuration(string text, out TimeSpan? value)
    {
        var unit = text.Length < 2
            ? 0 : text[^1] switch { 'm' => 1, 'h' => 60, 'd' => 24 * 60, 'w' => 7 * 24 * 60, 'y' => 365 * 24 * 60, _ => 0 };
        var isValid = unit > 0 & int.TryParse(
            text.AsSpan(0, Math.Max(0, text.Length - 1)), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number <= 1_000_000;
        value = isValid ? TimeSpan.FromMinutes((double)number * unit) : null;
        return isValid;
    }
}

/// <summary><c>qbackup pin</c> and <c>qbackup unpin</c></summary>
internal static class PinCommands
{
    private static readonly Argument<string> Point = new("POINT") { Description = "The point's id, or latest." };

    public static Command Pin() => Create("pin", "Pin a point: it is never pruned. Needs no VM.", isPinned: true);

    public static Command Unpin() => Create("unpin", "Release a pinned point. Needs no VM.", isPinned: false);

    private static CliCommand Create(string name, string description, bool isPinned)
    {
        var command = new CliCommand(name, description)
        {
            Examples =
                [($"qbackup {name} 20261123T034712Z-1a2b3c --repo /srv/backup --vm vm1", isPinned ? "Keep this point:" : "Release it:")],
        };
        command.Arguments.Add(Point);
        RepositoryOptions.AddTo(command);
        command.Options.Add(RepositoryOptions.Trust);
        command.Runs((context, _) =>
        {
            Run(context, isPinned);
            return Task.CompletedTask;
        });
        return command;
    }

    private static void Run(CommandContext context, bool isPinned)
    {
        var (vm, name) = RepositoryOptions.Names(context);
        var chain = RepositoryOptions.Open(context).FindChain(vm, name);
        var text = context.Arguments.GetValue(Point)!;
        var point = chain.Read().Find(text)
            ?? throw new BackupException(BackupErrorCode.InvalidArgument, $"There is no point {text}.", "'qbackup list' shows the points.");
        chain.SetPinned(point.Id, isPinned);
        context.WriteResult(new PinDocument(RepositoryContract.Name(chain, point.Id), isPinned), JsonText.Context.PinDocument,
            document => document.Line($"Point {point.Id} of {chain.Vm} is {(isPinned ? "pinned" : "no longer pinned")}."));
    }
}
