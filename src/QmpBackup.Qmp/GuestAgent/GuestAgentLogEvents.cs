namespace QmpBackup.Qmp;

/// <summary>The event ids of the log messages of <see cref="GuestAgentClient"/> and <see cref="GuestFreeze"/>. They never change their meaning.</summary>
public static class GuestAgentLogEvents
{
    /// <summary>A connection was opened. Debug.</summary>
    public const int Connected = 2000;

    /// <summary>The agent is in step; so many bytes from before were thrown away. Debug.</summary>
    public const int Synchronized = 2001;

    /// <summary>A command without an answer of success was sent. Debug.</summary>
    public const int CommandSent = 2100;

    /// <summary>A command was answered. Debug.</summary>
    public const int CommandCompleted = 2101;

    /// <summary>A call ran out of time. Debug: the caller gets an exception.</summary>
    public const int TimedOut = 2102;

    /// <summary>The guest is frozen. Information.</summary>
    public const int Frozen = 2200;

    /// <summary>The guest is thawed. Information.</summary>
    public const int Thawed = 2201;

    /// <summary>An attempt to thaw did not do it; another follows. Warning.</summary>
    public const int ThawRetried = 2202;

    /// <summary>The guest may still be frozen, and nothing more is tried. Error.</summary>
    public const int ThawFailed = 2203;

    /// <summary>What was sent, without secrets. Trace.</summary>
    public const int PayloadSent = 2300;

    /// <summary>What was received, without secrets. Trace.</summary>
    public const int PayloadReceived = 2301;
}
