namespace QmpBackup.Cli.Json;

/// <summary>What undoes a step.</summary>
internal sealed record PlanUndoDto(string Purpose, string Kind, System.Text.Json.JsonElement? Command, string Action);
