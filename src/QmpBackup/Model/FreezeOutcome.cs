namespace QmpBackup;

/// <summary>What came of an attempt to freeze the guest.</summary>
/// <param name="FileSystems">How many file systems are frozen: 0 is no freeze.</param>
/// <param name="Obstacle">Why nothing is frozen, in a sentence; null where something is.</param>
public sealed record FreezeOutcome(int FileSystems, string? Obstacle)
{
    /// <summary>Whether the guest is frozen.</summary>
    public bool IsFrozen => FileSystems > 0;
}
