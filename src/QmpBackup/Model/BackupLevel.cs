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
