namespace QmpBackup.Qmp;

/// <summary>How a guest is frozen.</summary>
public sealed record FreezeOptions
{
    /// <summary>
    /// The mount points of the file systems to freeze (<c>guest-fsfreeze-freeze-list</c>, QEMU 2.2); those that are none are ignored by
    /// the agent. Empty for every file system (<c>guest-fsfreeze-freeze</c>).
    /// </summary>
    public IReadOnlyList<string> Mountpoints { get; init; } = [];

    /// <summary>
    /// How long the freeze may take, hooks of the guest included. After it the guest is thawed, whenever the freeze comes about.
    /// 30 seconds.
    /// </summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long thawing is tried after a freeze that failed or was cancelled, and when the freeze is disposed of. 60 seconds.
    /// </summary>
    public TimeSpan ThawBudget { get; init; } = TimeSpan.FromSeconds(60);

    internal static FreezeOptions Default { get; } = new();

    internal void Validate()
    {
        ArgumentNullException.ThrowIfNull(Mountpoints);
        QmpClientOptions.ValidateTimeout(Timeout, nameof(Timeout));
        ValidateBudget(ThawBudget, nameof(ThawBudget));
    }

    internal static void ValidateBudget(TimeSpan budget, string name)
    {
        if (budget <= TimeSpan.Zero || budget.TotalDays > 1)
            throw new ArgumentOutOfRangeException(name, budget, "A budget is longer than nothing and at most a day.");
    }
}
