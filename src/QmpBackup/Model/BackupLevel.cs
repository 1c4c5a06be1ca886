using System.Text.Json.Serialization;

namespace QmpBackup;

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
