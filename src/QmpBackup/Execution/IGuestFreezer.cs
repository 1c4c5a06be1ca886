namespace QmpBackup;

/// <summary>
/// Freezes and thaws the guest's file systems. Whoever implements it answers for the guest: when it is disposed, nothing is frozen any more, or it said
/// that it could not be helped.
/// </summary>
public interface IGuestFreezer : IAsyncDisposable
{
    /// <summary>Gets everything ready that takes time: connects, and finds out whether the agent can freeze at all.</summary>
    /// <param name="cancellationToken">Stops the trying.</param>
    /// <returns>Why freezing is not possible, in a sentence; null if it is.</returns>
    Task<string?> PrepareAsync(CancellationToken cancellationToken);

    /// <summary>Freezes. Never throws for what the guest did: the outcome says it.</summary>
    /// <param name="request">How.</param>
    Task<FreezeOutcome> FreezeAsync(FreezeRequest request);

    /// <summary>Thaws, and does not give up before the guest says that it is thawed or the time for it is over. Harmless where nothing is frozen.</summary>
    /// <returns>
    /// How long the guest was frozen at the most: from the freeze being asked for to the thaw being confirmed. Null if it may have been thawed before this was
    /// called: what was done meanwhile was not done to a frozen guest.
    /// </returns>
    /// <exception cref="BackupException">The guest may still be frozen; the message says how to thaw it by hand.</exception>
    Task<TimeSpan?> ThawAsync();
}
