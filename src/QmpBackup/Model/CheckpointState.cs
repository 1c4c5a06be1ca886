using System.Text.Json.Serialization;

namespace QmpBackup;

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
