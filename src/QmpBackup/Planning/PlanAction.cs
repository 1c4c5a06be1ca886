using System.Text.Json.Serialization;

namespace QmpBackup;

/// <summary>What a plan does.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PlanAction>))]
public enum PlanAction
{
    /// <summary>Opens a backup.</summary>
    [JsonStringEnumMemberName("start")]
    Start,

    /// <summary>Closes it: the data is safe.</summary>
    [JsonStringEnumMemberName("finish")]
    Finish,

    /// <summary>Closes it as if it had never been started.</summary>
    [JsonStringEnumMemberName("abort")]
    Abort,
}
