using System.Collections.Immutable;
using System.Text.Json.Serialization;
using QmpBackup.Nbd;

namespace QmpBackup;

/// <summary>What is open in a VM, and which chains it has.</summary>
public sealed record VmStatus
{
    /// <summary>The open backup; null when none is open.</summary>
    public BackupSession? Session { get; init; }

    /// <summary>Why data that is read from the open backup cannot be trusted, in a sentence; null if it can.</summary>
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
/// <param name="Id">Its id.</param>
/// <param name="Disks">The disks that have a bitmap for it.</param>
/// <param name="State">The worst of the bitmaps' states.</param>
public sealed record CheckpointStatus(CheckpointId Id, ImmutableArray<string> Disks, CheckpointState State);

/// <summary>The state of a checkpoint's bitmaps.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<CheckpointState>))]
public enum CheckpointState
{
    /// <summary>It records every change: the next increment is relative to it.</summary>
    [JsonStringEnumMemberName("recording")]
    Recording,

    /// <summary>It is closed: a member of a kept sequence, or the parent of the open backup.</summary>
    [JsonStringEnumMemberName("disabled")]
    Disabled,

    /// <summary>It is damaged, because QEMU was not shut down cleanly.</summary>
    [JsonStringEnumMemberName("inconsistent")]
    Inconsistent,
}

/// <summary>An open backup, as it is shown to users and scripts.</summary>
public sealed record BackupSession
{
    /// <summary>The text for a checkpoint or chain that QEMU holds no record of.</summary>
    public const string NotRecorded = "(not recorded)";

    /// <summary>The session's id: that of the checkpoint, or <see cref="NotRecorded"/>.</summary>
    public string Id => Checkpoint?.Value ?? NotRecorded;

    /// <summary>The chain; null if QEMU holds no record of it.</summary>
    public required ChainName? Chain { get; init; }

    /// <summary>The checkpoint; null if QEMU holds no record of it.</summary>
    public required CheckpointId? Checkpoint { get; init; }

    /// <summary>When the backup was opened.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>The phase of the backup.</summary>
    public SessionPhase Phase { get; init; }

    /// <summary>How the point in time is held.</summary>
    public Fleecing Fleecing { get; init; }

    /// <summary>How long the guest was frozen, in milliseconds; null if it was not.</summary>
    public double? FrozenMilliseconds { get; init; }

    /// <summary>
    /// Why the guest was not frozen, in a sentence. Only the process that opened the backup knows it. Null if the guest was frozen, or if
    /// no freeze was requested.
    /// </summary>
    public string? FreezeObstacle { get; init; }

    /// <summary>What to do about <see cref="FreezeObstacle"/>; null where there is none, or nothing useful to say.</summary>
    public Advice? FreezeRemedy { get; init; }

    /// <summary>
    /// Why the guest may still be frozen, and what to do. Only the process that opened the backup knows it. Null if the guest was thawed,
    /// or if no freeze was requested.
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
    /// <summary>The id of the guest device; null if it has none.</summary>
    public string? Device { get; init; }

    /// <inheritdoc/>
    public override long Size { get; init; }

    /// <summary>
    /// How the VM's image is encrypted, such as <c>luks</c>; null if it is not. The data that is read is not encrypted.
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

/// <summary>The phase of an open backup.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SessionPhase>))]
public enum SessionPhase
{
    /// <summary>It is being opened.</summary>
    [JsonStringEnumMemberName("starting")]
    Starting,

    /// <summary>The point in time is held and exported.</summary>
    [JsonStringEnumMemberName("open")]
    Open,

    /// <summary>The data is safe, and the backup is being closed.</summary>
    [JsonStringEnumMemberName("finishing")]
    Finishing,
}

/// <summary>What a VM has, and what a backup would do with each disk.</summary>
/// <param name="Vm">The VM.</param>
/// <param name="Status">The open backup and the chains.</param>
/// <param name="Chain">The chain that the backup would belong to.</param>
/// <param name="Disks">All disks, in the order of the devices.</param>
public sealed record VmInspection(VmState Vm, VmStatus Status, ChainName Chain, ImmutableArray<DiskInspection> Disks)
{
    /// <summary>What the user should know besides, a sentence each: disks that QEMU does not see, and disks that are encrypted.</summary>
    public ImmutableArray<string> Remarks { get; init; } = [];
}

/// <summary>What a backup would do with a disk.</summary>
/// <param name="Disk">The disk.</param>
/// <param name="IsIncluded">Whether a backup would take it.</param>
/// <param name="Reason">Why it would be taken in this way, or is left out, or cannot be taken now.</param>
public sealed record DiskInspection(VmDisk Disk, bool IsIncluded, string Reason)
{
    /// <summary>What would be taken of it; null if nothing.</summary>
    public BackupLevel? Level { get; init; }

    /// <summary>The checkpoint that an increment would be relative to; null for other levels.</summary>
    public CheckpointId? Parent { get; init; }
}
