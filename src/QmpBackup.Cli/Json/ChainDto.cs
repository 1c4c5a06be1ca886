namespace QmpBackup.Cli.Json;

/// <summary>A chain of checkpoints, oldest first.</summary>
internal sealed record ChainDto(string Name, IReadOnlyList<CheckpointDto> Checkpoints);
