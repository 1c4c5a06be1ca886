namespace QmpBackup.Repositories;

/// <summary>What is wrong with a disk of a point.</summary>
/// <param name="Point">The point where it is wrong: the one that was asked about, or one that it is built on.</param>
/// <param name="Problem">What is wrong.</param>
public sealed record DiskFault(string Point, string Problem);
