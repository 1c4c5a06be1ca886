namespace QmpBackup.Cli.Json;

/// <summary>A checkpoint: <c>state</c> is recording, disabled or inconsistent.</summary>
internal sealed record CheckpointDto(string Id, IReadOnlyList<string> Disks, string State);
