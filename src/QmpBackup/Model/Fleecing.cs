using System.Text.Json.Serialization;

namespace QmpBackup;

/// <summary>How the point in time is kept readable while the guest goes on writing.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Fleecing>))]
public enum Fleecing
{
    /// <summary>A qcow2 overlay over the disk receives what the guest overwrites, and is exported.</summary>
    [JsonStringEnumMemberName("overlay")]
    Overlay,

    /// <summary>A scratch image receives what the guest overwrites, and a <c>snapshot-access</c> node over the job's filter is exported.</summary>
    [JsonStringEnumMemberName("snapshot-access")]
    SnapshotAccess,
}
