namespace QmpBackup.Cli.Json;

/// <summary>A plan.</summary>
internal sealed record PlanDto(
    string Action, string Summary, IReadOnlyList<string> Remarks, IReadOnlyList<PlanDiskDto> Disks, IReadOnlyList<PlanStepDto> Steps);
