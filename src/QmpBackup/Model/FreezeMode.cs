namespace QmpBackup;

/// <summary>Whether the guest's file systems are frozen for the moment in which the point in time is taken.</summary>
public enum FreezeMode
{
    /// <summary>If the guest agent can do it; else the backup goes on without, and says so.</summary>
    Auto,

    /// <summary>In any case: without a freeze there is no backup.</summary>
    Require,

    /// <summary>No.</summary>
    Never,
}
