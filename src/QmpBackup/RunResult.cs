using System.Collections.Immutable;

namespace QmpBackup;

/// <summary>What a run did.</summary>
/// <param name="Pulled">The point.</param>
/// <param name="Remarks">What was done before it about what an earlier run had left; empty where there was nothing.</param>
public sealed record RunResult(PulledPoint Pulled, ImmutableArray<string> Remarks)
{
    /// <summary>Why the guest was not frozen, in a sentence; null where it was, or was not to be.</summary>
    public string? FreezeObstacle { get; init; }
}
