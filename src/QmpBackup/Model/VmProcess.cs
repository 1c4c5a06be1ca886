namespace QmpBackup;

/// <summary>The process at the other end of a unix socket.</summary>
/// <param name="Pid">Its process id.</param>
/// <param name="UserId">The user that it runs as now.</param>
/// <param name="GroupId">The group that it runs as now.</param>
internal sealed record VmProcess(int Pid, uint UserId, uint GroupId)
{
    /// <summary>
    /// Whether it runs QEMU's program: then its NBD server is the same process. Else it passes on to a QEMU that cannot be seen from here.
    /// </summary>
    public bool IsQemu { get; init; }

    /// <summary>
    /// When it began, in ticks since the boot: another process of this number began at another time. 0 where it cannot be told.
    /// </summary>
    internal long BeganAt { get; init; }
}
