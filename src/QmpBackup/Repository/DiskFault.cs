namespace QmpBackup;

/// <summary>What is wrong with a disk of a point.</summary>
/// <param name="Point">The point where it is wrong: the one that was asked about, or one that it is built on.</param>
/// <param name="Problem">What is wrong.</param>
public sealed record DiskFault(string Point, string Problem)
{
    /// <summary>Whether all that is known is that it could not be read: the file system or a program failed, and the disk need not be damaged.</summary>
    public bool IsUnread { get; init; }
}
