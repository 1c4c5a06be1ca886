namespace QmpBackup.Cli.Json;

/// <summary>
/// What <c>inspect</c> prints. <c>session</c>: the id of the open backup. <c>remarks</c>: what QEMU cannot back up, and what else the
/// user should know.
/// </summary>
internal sealed record InspectDocument(VmDto Vm, string? Session, string? Interrupted, string Chain, IReadOnlyList<InspectDiskDto> Disks)
    : Document
{
    public IReadOnlyList<string> Remarks { get; init; } = [];
}

/// <summary>A VM.</summary>
internal sealed record VmDto(string? Name, string? Uuid, string Version, string? Status);

/// <summary>A disk, and what a backup would do with it. <c>level</c> is null if it would do nothing; <c>reason</c> says why.</summary>
internal sealed record InspectDiskDto
{
    public required string Name { get; init; }

    public required string Node { get; init; }

    public required string? Device { get; init; }

    public required string? Drive { get; init; }

    public required long Size { get; init; }

    public required string Format { get; init; }

    public required bool ReadOnly { get; init; }

    public required bool PersistentBitmaps { get; init; }

    public required bool Included { get; init; }

    public required string? Level { get; init; }

    public required string Reason { get; init; }

    public required string? Parent { get; init; }

    public required IReadOnlyList<BitmapDto> Bitmaps { get; init; }
}

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

/// <summary>What <c>bitmap list</c> prints.</summary>
internal sealed record BitmapListDocument(IReadOnlyList<DiskBitmapDto> Bitmaps) : Document;

/// <summary>What the commands that change a bitmap print: the bitmap after the change, null if it was removed.</summary>
internal sealed record BitmapChangeDocument(string Action, string? Disk, string Node, string Name, BitmapDto? Bitmap) : Document;

/// <summary>A dirty bitmap. <c>count</c> is in bytes.</summary>
internal sealed record BitmapDto(string Name, long Granularity, long Count, bool Recording, bool Busy, bool Persistent, bool Inconsistent);

/// <summary>A dirty bitmap and where it is; <c>disk</c> is null for a node that is not a disk of the guest, such as a base image.</summary>
internal sealed record DiskBitmapDto(
    string? Disk, string Node, string Name, long Granularity, long Count, bool Recording, bool Busy, bool Persistent, bool Inconsistent);
