namespace QmpBackup;

/// <summary>How an open backup is watched.</summary>
public sealed record WatchOptions
{
    /// <summary>
    /// How much room, in bytes, the file system of the scratch images must keep; null for half of what is free now, at most 1 GiB.
    /// </summary>
    public long? Reserve { get; init; }

    /// <summary>How often to look, apart from what QEMU tells by itself: 500 milliseconds.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMilliseconds(500);
}
