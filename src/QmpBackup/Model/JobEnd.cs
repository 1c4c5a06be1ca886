using System.Text.Json;
using QmpBackup.Qmp;

namespace QmpBackup.Model;

/// <summary>
/// Tells the end of a job from the rest of what QEMU says of jobs: with many disks every change of the block graph pauses and resumes every
/// job, thousands of events in all.
/// </summary>
internal static class JobEnd
{
    /// <summary>Whether an event may be what somebody waits for who waits for a job to end, or for anything else.</summary>
    /// <param name="happened">Any event.</param>
    /// <returns>Whether it is one of another kind, or a job has ended, or its status cannot be read.</returns>
    public static bool Concerns(QmpEvent happened) => !happened.Is(QmpEvents.JobStatusChange)
        || happened.Data is not { ValueKind: JsonValueKind.Object } data || !data.TryGetProperty(
            "status", out var status) || status.ValueKind != JsonValueKind.String
        || status.GetString() is "aborting" or "concluded" or "null";
}
