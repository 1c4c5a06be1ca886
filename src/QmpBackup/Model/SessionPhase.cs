using System.Text.Json.Serialization;

namespace QmpBackup;

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
