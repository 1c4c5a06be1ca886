using System.Collections.Immutable;

namespace QmpBackup;

/// <summary>One step of a plan, as data: what it is for, what exactly is done, and how it is undone.</summary>
/// <param name="Purpose">What it is for: one sentence for a person.</param>
public abstract record PlanStep(string Purpose)
{
    /// <summary>What undoes it, in this order; empty where nothing has to be undone, or a later step's undo does it.</summary>
    public ImmutableArray<PlanStep> Undo { get; init; } = [];

    /// <summary>Whether it is the commit point: before it everything is additive and harmless, after it everything is undone exactly.</summary>
    public bool IsCommitPoint { get; init; }

    /// <summary>What is done, in one line.</summary>
    public abstract string Describe();
}
