using System.Collections.Immutable;
using System.Text.Json.Serialization;

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
