namespace QmpBackup;

/// <summary>Waits until a job has concluded.</summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="JobId">The job.</param>
public sealed record AwaitJobStep(string Purpose, string JobId) : PlanStep(Purpose)
{
    /// <summary>What it means if the job ends with an error; null where it may end as it likes, as a cancelled one does.</summary>
    public string? FailureMeans { get; init; }

    /// <inheritdoc/>
    public override string Describe() => $"wait until query-jobs shows {JobId} concluded or gone";
}
