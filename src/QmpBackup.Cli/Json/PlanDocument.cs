namespace QmpBackup.Cli.Json;

/// <summary>What <c>plan</c> prints.</summary>
internal sealed record PlanDocument(PlanDto Plan) : Document;
