using System.Text.Json.Serialization;

namespace QmpBackup;

/// <summary>A disk of a backup: which disk it is, and what is taken of it.</summary>
/// <remarks>
/// The order of the properties is fixed, because notes and points are stored as JSON. Derived types place their own properties in between.
/// </remarks>
public abstract record BackupDisk
{
    /// <summary>The disk's name, which is the same after a restart of QEMU.</summary>
    [JsonPropertyOrder(-12)]
    public required string Name { get; init; }

    /// <summary>The node that carries the bitmaps.</summary>
    [JsonPropertyOrder(-11)]
    public required string Node { get; init; }

    /// <summary>The virtual size, in bytes.</summary>
    public abstract long Size { get; init; }

    /// <summary>How much of the disk is taken.</summary>
    [JsonPropertyOrder(-3)]
    public required BackupLevel Level { get; init; }

    /// <summary>Why that level, as the end of a sentence.</summary>
    [JsonPropertyOrder(-2)]
    public required string Reason { get; init; }

    /// <summary>The checkpoint that an increment is relative to; null for other levels.</summary>
    [JsonPropertyOrder(-1)]
    public CheckpointId? Parent { get; init; }
}

/// <summary>How much of a disk is taken.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<BackupLevel>))]
public enum BackupLevel
{
    /// <summary>Everything.</summary>
    [JsonStringEnumMemberName("full")]
    Full,

    /// <summary>What changed since the parent.</summary>
    [JsonStringEnumMemberName("incremental")]
    Incremental,

    /// <summary>Everything, without any effect on a chain.</summary>
    [JsonStringEnumMemberName("copy")]
    Copy,
}

/// <summary>Which level a backup is to have.</summary>
public enum LevelChoice
{
    /// <summary>Incremental for each disk where that is sound, else full, with the reason.</summary>
    Auto,

    /// <summary>Everything.</summary>
    Full,

    /// <summary>Incremental for every disk; the start fails if that is not sound for one of them.</summary>
    Incremental,

    /// <summary>Everything, without any effect on a chain.</summary>
    Copy,
}

/// <summary>How the point in time is held while the guest goes on writing.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Fleecing>))]
public enum Fleecing
{
    /// <summary>A qcow2 overlay over the disk receives what the guest overwrites, and is exported.</summary>
    [JsonStringEnumMemberName("overlay")]
    Overlay,

    /// <summary>
    /// A scratch image receives what the guest overwrites, and a <c>snapshot-access</c> node over the job's filter is exported.
    /// </summary>
    [JsonStringEnumMemberName("snapshot-access")]
    SnapshotAccess,
}
