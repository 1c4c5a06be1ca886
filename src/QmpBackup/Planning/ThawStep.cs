namespace QmpBackup;

/// <summary>Thaws the guest's file systems.</summary>
/// <param name="Purpose">What it is for.</param>
public sealed record ThawStep(string Purpose) : PlanStep(Purpose)
{
    /// <inheritdoc/>
    public override string Describe() => """agent: {"execute":"guest-fsfreeze-thaw"}, until guest-fsfreeze-status says thawed""";
}
