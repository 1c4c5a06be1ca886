using QmpBackup.Cli.Json;
using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli.Rendering;

/// <summary>What <c>prune</c> shows.</summary>
internal static class PruneText
{
    public static void Write(TextDocument text, IReadOnlyList<PrunePlan> plans, bool isDryRun)
    {
        if (plans.Count == 0)
            text.Line("The repository is empty: there is nothing to remove.");
        foreach (var plan in plans)
        {
            text.Write(plan.Chain.Vm, Style.Heading).Line($", chain {plan.Chain.Chain}");
            foreach (var id in plan.Unfinished)
                text.Prose($"{id}: an earlier removal was interrupted; {(isDryRun ? "prune completes it" : "it is complete now")}.", 2);
            var table = new TextTable(new("POINT"), new(""), new("WHY"));
            foreach (var (point, kept, removed) in InOrder(plan))
            {
                table.Add(kept?.Explanation is { } why ? AdviceText.Of(why) : null, point.Id.Value,
                    kept is not null ? "stays" : isDryRun ? "would go" : "removed",
                    kept is not null ? Why(kept) : removed!.MergedInto.IsEmpty ? ""
                        : $"merged into {string.Join(", ", removed.MergedInto)}");
            }

            table.WriteTo(text);
        }

        text.Line($"{(isDryRun ? "Would free about" : "Freed")} {Humane.Size(plans.Sum(p => p.BytesFreed))}.");
    }

    /// <summary>Why a point stays.</summary>
    public static string Why(KeptPoint kept) => string.Join(", ", kept.Reasons.Select(Word));

    private static string Word(KeepReason reason) => reason switch
    {
        KeepReason.Last => "one of the newest",
        KeepReason.Hourly => "hourly",
        KeepReason.Daily => "daily",
        KeepReason.Weekly => "weekly",
        KeepReason.Monthly => "monthly",
        KeepReason.Yearly => "yearly",
        KeepReason.Within => "recent enough",
        KeepReason.Pinned => "pinned",
        KeepReason.Newest => "the newest sound one of a disk",
        KeepReason.NotNamed => "not named",
        KeepReason.InUse => "in use",
        KeepReason.Damaged => "damaged",
        KeepReason.NeedsKey => "needs the signing key",
        KeepReason.NoSpace => "too little space to merge it",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "There is no word for this reason."),
    };

    private static IEnumerable<(RepositoryPoint Point, KeptPoint? Kept, RemovedPoint? Removed)> InOrder(PrunePlan plan) =>
        plan.Kept.Select(k => (k.Point, (KeptPoint?)k, (RemovedPoint?)null))
            .Concat(plan.Removed.Select(r => (r.Point, (KeptPoint?)null, (RemovedPoint?)r)))
            .OrderBy(p => p.Point.Sequence).ThenBy(p => p.Point.CreatedAt);
}
