namespace QmpBackup;

/// <summary>Gets the guest agent ready, so that nothing but freeze, transaction and thaw lies in the time that the guest stands still.</summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="Request">How to freeze.</param>
public sealed record PrepareFreezeStep(string Purpose, FreezeRequest Request) : PlanStep(Purpose)
{
    /// <inheritdoc/>
    public override string Describe() => """agent: {"execute":"guest-sync-delimited","arguments":{"id":RANDOM}} {"execute":"guest-info"}""";
}
