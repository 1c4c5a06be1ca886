namespace QmpBackup.Cli.Json;

/// <summary>What <c>plan</c> prints.</summary>
internal sealed record PlanDocument(PlanDto Plan) : Document;

/// <summary>A plan.</summary>
internal sealed record PlanDto(
    string Action, string Summary, IReadOnlyList<string> Remarks, IReadOnlyList<PlanDiskDto> Disks, IReadOnlyList<PlanStepDto> Steps);

/// <summary>What a plan does with a disk.</summary>
internal sealed record PlanDiskDto(string Name, string Node, string? Device, long Size, string Level, string Reason, string? Parent);

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

/// <summary>What undoes a step.</summary>
internal sealed record PlanUndoDto(string Purpose, string Kind, System.Text.Json.JsonElement? Command, string Action);
