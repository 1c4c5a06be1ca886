using System.Collections.Immutable;
using QmpBackup.Nbd;

namespace QmpBackup;

/// <summary>An open backup, as it is shown to users and scripts.</summary>
public sealed record BackupSession
{
    /// <summary>What stands for the checkpoint or the chain where QEMU holds no record of it.</summary>
    public const string NotRecorded = "(not recorded)";

    /// <summary>The session's id: the checkpoint's, or <see cref="NotRecorded"/>.</summary>
    public string Id => Checkpoint?.Value ?? NotRecorded;

    /// <summary>The chain; null where QEMU holds no record of it.</summary>
    public required ChainName? Chain { get; init; }

    /// <summary>The checkpoint that it takes; null where QEMU holds no record of it.</summary>
    public required CheckpointId? Checkpoint { get; init; }

    /// <summary>When it was begun.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>How far it is.</summary>
    public SessionPhase Phase { get; init; }

    /// <summary>How the point in time is kept readable.</summary>
    public Fleecing Fleecing { get; init; }

    /// <summary>How long the guest was frozen, in milliseconds; null where it was not.</summary>
    public double? FrozenMilliseconds { get; init; }

    /// <summary>
    /// Why the guest was not frozen, in a sentence: known to whoever opened the backup, and to nobody later. Null where it was frozen, or was not to be.
    /// </summary>
    public string? FreezeObstacle { get; init; }

    /// <summary>
    /// Why the guest may still be frozen, in a sentence, and what to do: known to whoever opened the backup. Null where it was thawed, or was not to be frozen.
    /// </summary>
    public Advice? ThawProblem { get; init; }

    /// <summary>The address of the NBD server; null if it is not recorded.</summary>
    public required NbdEndpoint? Nbd { get; init; }

    /// <summary>The disks.</summary>
    public ImmutableArray<SessionDisk> Disks { get; init; } = [];
}
