using System.Text.Json.Serialization;

namespace QmpBackup;

/// <summary>A disk of a backup: which one it is, and what is taken of it. Open backups, notes and points add what they know.</summary>
/// <remarks>
/// The properties have an order, because a note and a point are JSON: they come first, and what is between them gets its place in the type
/// that adds it.
/// </remarks>
public abstract record BackupDisk
{
    /// <summary>The disk's lasting name.</summary>
    [JsonPropertyOrder(-12)]
    public required string Name { get; init; }

    /// <summary>The node that carries the bitmaps.</summary>
    [JsonPropertyOrder(-11)]
    public required string Node { get; init; }

    /// <summary>The virtual size, in bytes.</summary>
    public abstract long Size { get; init; }

    /// <summary>What is taken.</summary>
    [JsonPropertyOrder(-3)]
    public required BackupLevel Level { get; init; }

    /// <summary>Why that level, as the end of a sentence.</summary>
    [JsonPropertyOrder(-2)]
    public required string Reason { get; init; }

    /// <summary>The checkpoint that an increment is relative to; null for other levels.</summary>
    [JsonPropertyOrder(-1)]
    public CheckpointId? Parent { get; init; }
}

/// <summary>What is taken of a disk.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<BackupLevel>))]
public enum BackupLevel
{
    /// <summary>Everything.</summary>
    [JsonStringEnumMemberName("full")]
    Full,

    /// <summary>What changed since the parent.</summary>
    [JsonStringEnumMemberName("incremental")]
    Incremental,

    /// <summary>Everything, and no chain takes notice of it.</summary>
    [JsonStringEnumMemberName("copy")]
    Copy,
}

/// <summary>Which level is wanted.</summary>
public enum LevelChoice
{
    /// <summary>Incremental for every disk where that is sound, else full, with the reason.</summary>
    Auto,

    /// <summary>Everything.</summary>
    Full,

    /// <summary>Incremental, or nothing at all if that is not sound for every disk.</summary>
    Incremental,

    /// <summary>Everything, and no chain takes notice of it.</summary>
    Copy,
}

/// <summary>How the point in time is kept readable while the guest goes on writing.</summary>
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
