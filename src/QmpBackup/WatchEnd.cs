namespace QmpBackup;

/// <summary>How a watch ended that had nothing to complain of.</summary>
public enum WatchEnd
{
    /// <summary>No backup was open.</summary>
    NothingOpen,

    /// <summary>Somebody closed the backup.</summary>
    Closed,
}
