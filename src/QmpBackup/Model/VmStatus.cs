using System.Collections.Immutable;

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
