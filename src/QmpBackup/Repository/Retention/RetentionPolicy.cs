using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace QmpBackup;

/// <summary>Which points of a chain are kept. A point is kept if any of the rules keeps it.</summary>
public sealed record RetentionPolicy
{
    /// <summary>How many of the newest points are kept.</summary>
    public int? KeepLast { get; init; }

    /// <summary>For how many hours the newest point is kept; hours without a point do not count.</summary>
    public int? KeepHourly { get; init; }

    /// <summary>For how many days the newest point is kept; days without a point do not count.</summary>
    public int? KeepDaily { get; init; }

    /// <summary>For how many weeks, from Monday to Sunday, the newest point is kept; weeks without a point do not count.</summary>
    public int? KeepWeekly { get; init; }

    /// <summary>For how many months the newest point is kept; months without a point do not count.</summary>
    public int? KeepMonthly { get; init; }

    /// <summary>For how many years the newest point is kept; years without a point do not count.</summary>
    public int? KeepYearly { get; init; }

    /// <summary>All points that are at most this much older than the newest one are kept.</summary>
    public TimeSpan? KeepWithin { get; init; }

    /// <summary>The points to remove. All others are kept, so that no other rule may be set.</summary>
    public ImmutableArray<CheckpointId> Remove { get; init; } = [];

    /// <summary>Whether there is no rule: such a policy would remove everything, and is refused.</summary>
    [JsonIgnore]
    public bool IsEmpty => !HasRules && Remove.IsEmpty;

    internal bool HasRules => KeepWithin is not null || Counts.Any(c => c.Count is not null);

    /// <summary>The rules that count, and the time that each of them counts in.</summary>
    internal ImmutableArray<(KeepReason Reason, int? Count, Func<DateTimeOffset, DateTimeOffset> Period)> Counts =>
    [
        (KeepReason.Last, KeepLast, at => at),
        (KeepReason.Hourly, KeepHourly, at => Day(at).AddHours(at.Hour)),
        (KeepReason.Daily, KeepDaily, Day),
        (KeepReason.Weekly, KeepWeekly, at => Day(at).AddDays(-(((int)at.DayOfWeek + 6) % 7))),
        (KeepReason.Monthly, KeepMonthly, at => Day(at).AddDays(1 - at.Day)),
        (KeepReason.Yearly, KeepYearly, at => Day(at).AddDays(1 - at.DayOfYear)),
    ];

    /// <summary>Checks that the rules can be followed.</summary>
    /// <exception cref="BackupException">
    /// There is none, one is negative, or points are named beside rules (<see cref="BackupErrorCode.InvalidArgument"/>).
    /// </exception>
    internal void RequireUsable()
    {
        if (IsEmpty)
        {
            throw new BackupException(BackupErrorCode.InvalidArgument, "No rule says which points are kept.",
                Advice.Of($"Name one, such as {Feature.KeepDaily}, or the points to remove with {Feature.RemovePoint}."));
        }

        if (Counts.Any(c => c.Count is < 0) || KeepWithin < TimeSpan.Zero)
            throw new BackupException(BackupErrorCode.InvalidArgument, "A rule keeps a negative number of points.", "Use 0 or more.");
        if (HasRules && !Remove.IsEmpty)
        {
            throw new BackupException(BackupErrorCode.InvalidArgument, "Points are named beside rules.",
                "Give either the points to remove, or rules that say which are kept.");
        }
    }

    // The same local day always has the same first instant here, whatever the offset was at that hour.
    private static DateTimeOffset Day(DateTimeOffset at) => new(at.Date, TimeSpan.Zero);
}

/// <summary>Why a point is kept.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<KeepReason>))]
public enum KeepReason
{
    /// <summary>It is one of the newest.</summary>
    [JsonStringEnumMemberName("last")]
    Last,

    /// <summary>It is the newest of its hour.</summary>
    [JsonStringEnumMemberName("hourly")]
    Hourly,

    /// <summary>It is the newest of its day.</summary>
    [JsonStringEnumMemberName("daily")]
    Daily,

    /// <summary>It is the newest of its week.</summary>
    [JsonStringEnumMemberName("weekly")]
    Weekly,

    /// <summary>It is the newest of its month.</summary>
    [JsonStringEnumMemberName("monthly")]
    Monthly,

    /// <summary>It is the newest of its year.</summary>
    [JsonStringEnumMemberName("yearly")]
    Yearly,

    /// <summary>It is not much older than the newest one.</summary>
    [JsonStringEnumMemberName("within")]
    Within,

    /// <summary>It is pinned.</summary>
    [JsonStringEnumMemberName("pinned")]
    Pinned,

    /// <summary>It is the newest from which one of its disks can be restored, or on which an increment can be built.</summary>
    [JsonStringEnumMemberName("newest")]
    Newest,

    /// <summary>It was not named.</summary>
    [JsonStringEnumMemberName("notNamed")]
    NotNamed,

    /// <summary>Another process uses it, or a point that is built on it.</summary>
    [JsonStringEnumMemberName("inUse")]
    InUse,

    /// <summary>It is damaged or cannot be read, or a point that is built on it is, so that the two cannot be merged.</summary>
    [JsonStringEnumMemberName("damaged")]
    Damaged,

    /// <summary>A point that is built on it is signed, and the key to sign the merged one with is missing, or is another one.</summary>
    [JsonStringEnumMemberName("needsKey")]
    NeedsKey,

    /// <summary>There is too little space to merge it with the points that are built on it.</summary>
    [JsonStringEnumMemberName("noSpace")]
    NoSpace,
}
