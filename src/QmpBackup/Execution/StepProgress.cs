namespace QmpBackup;

/// <summary>A step that is about to be run.</summary>
/// <param name="Step">The step.</param>
/// <param name="Number">Its number, from 1.</param>
/// <param name="Count">How many there are.</param>
/// <param name="IsUndo">Whether it undoes what was done before.</param>
public sealed record StepProgress(PlanStep Step, int Number, int Count, bool IsUndo);
