namespace QmpBackup.Cli.Json;

/// <summary>A step of a plan.</summary>
internal sealed record PlanStepDto
{
    public required int Number { get; init; }

    public required string Purpose { get; init; }

    public required string Kind { get; init; }

    public required System.Text.Json.JsonElement? Command { get; init; }

    public required string Action { get; init; }

    public required bool CommitPoint { get; init; }

    public required IReadOnlyList<PlanUndoDto> Undo { get; init; }
}
