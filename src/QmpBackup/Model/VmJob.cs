namespace QmpBackup;

/// <summary>A job in QEMU (QAPI <c>JobInfo</c>).</summary>
/// <param name="Id">Its id.</param>
/// <param name="Type">What it does, such as <c>backup</c> or <c>create</c>.</param>
/// <param name="Status">Its status in QAPI's words, such as <c>running</c> or <c>concluded</c>.</param>
/// <param name="Error">Why it failed; null where it did not.</param>
internal sealed record VmJob(string Id, string Type, string Status, string? Error = null)
{
    /// <summary>Whether it still works: only then does a backup job hold its point in time.</summary>
    public bool IsAlive => Status is "running" or "paused" or "ready" or "standby" or "created";
}
