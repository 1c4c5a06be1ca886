using System.Collections.Immutable;
using System.Text.Json.Serialization;
using QmpBackup.Nbd;

namespace QmpBackup;

/// <summary>What <c>qbackup status</c> tells of a VM.</summary>
public sealed record VmStatus
{
    /// <summary>The open backup; null when none is open.</summary>
    public BackupSession? Session { get; init; }

    /// <summary>Why what is read of the open backup cannot be trusted, in a sentence; null if it can.</summary>
    public string? Problem { get; init; }

    /// <summary>VM conditions that affect the backup, a sentence or two each.</summary>
    public ImmutableArray<Advice> Remarks { get; init; } = [];

    /// <summary>The checkpoint of a backup that a restart of QEMU interrupted; null where there is none.</summary>
    public CheckpointId? Interrupted { get; init; }

    /// <summary>The chains.</summary>
    public ImmutableArray<ChainStatus> Chains { get; init; } = [];
}

/// <summary>A chain: a sequence of checkpoints.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Checkpoints">Its checkpoints, oldest first.</param>
public sealed record ChainStatus(ChainName Name, ImmutableArray<CheckpointStatus> Checkpoints);

/// <summary>A checkpoint of a chain.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Disks">The disks that have a bitmap for it.</param>
/// <param name="State">The worst of the bitmaps' states.</param>
public sealed record CheckpointStatus(CheckpointId Id, ImmutableArray<string> Disks, CheckpointState State);

/// <summary>What the bitmap of a checkpoint is good for.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<CheckpointState>))]
public enum CheckpointState
{
    /// <summary>It records every change: the next increment is relative to it.</summary>
    [JsonStringEnumMemberName("recording")]
    Recording,

    /// <summary>It is closed: a member of a kept sequence.</summary>
    [JsonStringEnumMemberName("disabled")]
    Disabled,

    /// <summary>It is damaged: QEMU was not shut down cleanly.</summary>
    [JsonStringEnumMemberName("inconsistent")]
    Inconsistent,
}

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
    /// Why the guest was not frozen, in a sentence: only the process that opened the backup knows it. Null where it was frozen, or
    /// was not to be.
    /// </summary>
    public string? FreezeObstacle { get; init; }

    /// <summary>What to do about <see cref="FreezeObstacle"/>; null where there is none, or nothing useful to say.</summary>
    public Advice? FreezeRemedy { get; init; }

    /// <summary>
    /// Why the guest may still be frozen, in a sentence, and what to do: known to whoever opened the backup. Null where it was thawed, or
    /// was not to be frozen.
    /// </summary>
    public Advice? ThawProblem { get; init; }

    /// <summary>The address of the NBD server; null if it is not recorded.</summary>
    public required NbdEndpoint? Nbd { get; init; }

    /// <summary>The disks.</summary>
    public ImmutableArray<SessionDisk> Disks { get; init; } = [];
}

/// <summary>One disk of an open backup.</summary>
public sealed record SessionDisk : BackupDisk
{
    /// <summary>The id of the guest device; null where it has none.</summary>
    public string? Device { get; init; }

    /// <inheritdoc/>
    public override long Size { get; init; }

    /// <summary>
    /// How the image is encrypted where the VM stores it, such as <c>luks</c>: what is read is not. Null where it is not encrypted.
    /// </summary>
    public string? Encryption { get; init; }

    /// <summary>The NBD export's name.</summary>
    public required string Export { get; init; }

    /// <summary>The URI of the export; null if it is not recorded.</summary>
    public required NbdUri? Uri { get; init; }

    /// <summary>The exported bitmap; null for a full.</summary>
    public string? Bitmap { get; init; }

    /// <summary>The NBD meta context of what changed: <c>qemu:dirty-bitmap:NAME</c>; null for a full.</summary>
    public string? MetaContext { get; init; }

    /// <summary>How much changed since the parent, in bytes; null for a full.</summary>
    public long? DirtyBytes { get; init; }

    /// <summary>The unit of <see cref="DirtyBytes"/>, in bytes; null for a full.</summary>
    public long? Granularity { get; init; }
}

/// <summary>How far an open backup is.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SessionPhase>))]
public enum SessionPhase
{
    /// <summary>It is being opened.</summary>
    [JsonStringEnumMemberName("starting")]
    Starting,

    /// <summary>The point in time is held and exported.</summary>
    [JsonStringEnumMemberName("open")]
    Open,

    /// <summary>The data was said to be safe, and the backup is being closed.</summary>
    [JsonStringEnumMemberName("finishing")]
    Finishing,
}
