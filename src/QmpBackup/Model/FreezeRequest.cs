using System.Collections.Immutable;

namespace QmpBackup;

/// <summary>How to freeze.</summary>
public sealed record FreezeRequest
{
    /// <summary>How long freezing may take unless something else is said: 10 seconds.</summary>
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Whether a backup is made without.</summary>
    public FreezeMode Mode { get; init; } = FreezeMode.Auto;

    /// <summary>How long the agent may take to freeze.</summary>
    public TimeSpan Timeout { get; init; } = DefaultTimeout;

    /// <summary>Freeze these file systems only, by mount point in the guest; empty for all.</summary>
    public ImmutableArray<string> Mountpoints { get; init; } = [];
}

/// <summary>Whether the guest's file systems are frozen for the moment in which the point in time is taken.</summary>
public enum FreezeMode
{
    /// <summary>If the guest agent can do it; else the backup goes on without, and says so.</summary>
    Auto,

    /// <summary>In any case: without a freeze there is no backup.</summary>
    Require,

    /// <summary>No.</summary>
    Never,
}

/// <summary>What came of an attempt to freeze the guest.</summary>
/// <param name="FileSystems">How many file systems are frozen: 0 is no freeze.</param>
/// <param name="Obstacle">Why nothing is frozen, in a sentence; null where something is.</param>
public sealed record FreezeOutcome(int FileSystems, string? Obstacle)
{
    /// <summary>Whether the guest is frozen.</summary>
    public bool IsFrozen => FileSystems > 0;
}
