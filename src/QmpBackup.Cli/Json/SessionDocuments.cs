namespace QmpBackup.Cli.Json;

/// <summary>What <c>start</c> prints.</summary>
internal sealed record SessionDocument(SessionDto? Session, IReadOnlyList<string> Remarks) : Document;

/// <summary>
/// What <c>status</c> prints. <c>problem</c>: why data read from the open backup cannot be trusted. <c>interrupted</c>: the checkpoint
/// of a backup that a restart of QEMU interrupted. <c>remarks</c>: VM conditions that affect the backup.
/// </summary>
internal sealed record StatusDocument(SessionDto? Session, string? Problem, string? Interrupted, IReadOnlyList<ChainDto> Chains) : Document
{
    public IReadOnlyList<string> Remarks { get; init; } = [];
}

/// <summary>What <c>finish</c> and <c>abort</c> print. The session is null if nothing was open.</summary>
internal sealed record CloseDocument(string Action, ClosedSessionDto? Session, string Summary, IReadOnlyList<string> Remarks) : Document;

/// <summary>What <c>watch</c> prints: <c>closed</c> or <c>nothing-open</c>.</summary>
internal sealed record WatchDocument(string Ended) : Document;

/// <summary>What <c>thaw</c> prints: how many file systems were thawed; null if the agent does not say.</summary>
internal sealed record ThawDocument(long? Thawed) : Document;

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

/// <summary>One disk of an open backup.</summary>
internal sealed record SessionDiskDto
{
    public required string Name { get; init; }

    public required string Node { get; init; }

    public required string? Device { get; init; }

    public required long Size { get; init; }

    public required string Level { get; init; }

    public required string Reason { get; init; }

    public required string? Parent { get; init; }

    public required string Export { get; init; }

    public required string Uri { get; init; }

    public required string? Bitmap { get; init; }

    public required string? MetaContext { get; init; }

    public required long? DirtyBytes { get; init; }

    public required long? Granularity { get; init; }
}

/// <summary>A backup that was closed.</summary>
internal sealed record ClosedSessionDto(string Id, string? Chain, DateTime? StartedAt);

/// <summary>A chain of checkpoints, oldest first.</summary>
internal sealed record ChainDto(string Name, IReadOnlyList<CheckpointDto> Checkpoints);

/// <summary>A checkpoint: <c>state</c> is recording, disabled or inconsistent.</summary>
internal sealed record CheckpointDto(string Id, IReadOnlyList<string> Disks, string State);
