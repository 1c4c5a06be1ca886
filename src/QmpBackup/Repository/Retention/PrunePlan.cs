using System.Collections.Immutable;

namespace QmpBackup;

/// <summary>Which points of a chain stay and which go, and what was done.</summary>
/// <param name="Chain">The chain.</param>
/// <param name="Kept">The points that stay, oldest first.</param>
/// <param name="Removed">The points that go, oldest first.</param>
public sealed record PrunePlan(RepositoryChain Chain, ImmutableArray<KeptPoint> Kept, ImmutableArray<RemovedPoint> Removed)
{
    /// <summary>How much smaller the files get, in bytes. An estimate in a plan, exact in a result.</summary>
    public long BytesFreed { get; init; }

    /// <summary>Points whose removal was begun earlier and is not complete.</summary>
    public ImmutableArray<CheckpointId> Unfinished { get; init; } = [];
}

/// <summary>A point that stays.</summary>
/// <param name="Point">The point.</param>
/// <param name="Reasons">Why.</param>
public sealed record KeptPoint(RepositoryPoint Point, ImmutableArray<KeepReason> Reasons)
{
    /// <summary>More about why a point stays that the rules do not keep, for a person; null where the rules keep it.</summary>
    public Advice? Explanation { get; init; }
}

/// <summary>A point that goes.</summary>
/// <param name="Point">The point.</param>
/// <param name="MergedInto">
/// The points that are built on it and stay: they take over what they inherit from it. None where nothing is built on it.
/// </param>
public sealed record RemovedPoint(RepositoryPoint Point, ImmutableArray<CheckpointId> MergedInto);

/// <summary>How points are removed.</summary>
public sealed record PruneOptions
{
    /// <summary>The programs that write images.</summary>
    public QemuTools Tools { get; init; } = new();

    /// <summary>Checks signatures, and signs merged points that were signed; null for none.</summary>
    public SigningKey? SignKey { get; init; }

    /// <summary>The clock, whose time zone decides where a day begins.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    // Before each step that changes something, for tests: what ends here ends as if the process was killed.
    internal Action<string>? BeforeStep { get; init; }
}
