namespace QmpBackup.Cli.Json;

/// <summary>An open backup.</summary>
internal sealed record SessionDto
{
    public required string Id { get; init; }

    public required string Chain { get; init; }

    public required string Checkpoint { get; init; }

    public required DateTime StartedAt { get; init; }

    public required string Phase { get; init; }

    public required string Fleecing { get; init; }

    public required double? FrozenMilliseconds { get; init; }

    public required string Nbd { get; init; }

    public required IReadOnlyList<SessionDiskDto> Disks { get; init; }
}
