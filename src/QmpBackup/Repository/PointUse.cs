using Microsoft.Win32.SafeHandles;
using QmpBackup.Host;

namespace QmpBackup.Repository;

/// <summary>
/// Keeps points as they are while they are read, or while they are removed: a lock on <c>POINT.json</c>, which ends with the process. A
/// file system without locks has none.
/// </summary>
internal sealed class PointUse : IDisposable
{
    private readonly List<SafeFileHandle> _files = [];

    private PointUse()
    {
    }

    /// <summary>Keeps points from being removed.</summary>
    /// <param name="contents">The chain.</param>
    /// <param name="points">The points.</param>
    /// <exception cref="BackupException">
    /// One is being removed, or changed since the chain was read (<see cref="BackupErrorCode.Busy"/>).
    /// </exception>
    public static PointUse Share(ChainContents contents, IEnumerable<RepositoryPoint> points)
    {
        ProcessLimits.RaiseOpenFiles();
        var use = new PointUse();
        try
        {
            using var folder = ChainFolder.TryOpen(contents.Chain);
            foreach (var point in points.DistinctBy(p => p.Id))
            {
                if (folder is null || !use.TryAdd(folder, point, isShared: true))
                    throw Changed(point);
            }

            return use;
        }
        catch (Exception e)
        {
            use.Dispose();
            if (e is InvalidDataException || FileFailure.Is(e))
                throw FileFailure.ToBackupException(contents.Chain.Folder, e);
            throw;
        }
    }

    /// <summary>Keeps points for this process alone.</summary>
    /// <param name="folder">The chain's folder.</param>
    /// <param name="points">The points.</param>
    /// <returns>Null where another process uses one of them.</returns>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static PointUse? TryTake(ChainFolder folder, IEnumerable<RepositoryPoint> points)
    {
        var use = new PointUse();
        try
        {
            if (points.DistinctBy(p => p.Id).All(point => use.TryAdd(folder, point, isShared: false)))
                return use;
        }
        catch
        {
            use.Dispose();
            throw;
        }

        use.Dispose();
        return null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var file in _files)
            file.Dispose();
    }

    private bool TryAdd(ChainFolder folder, RepositoryPoint point, bool isShared)
    {
        SafeFileHandle file;
        try
        {
            file = folder.Folder.OpenFile(ChainLayout.NameOf(point.Id));
        }
        catch (FileNotFoundException)
        {
            return false;
        }

        _files.Add(file);
        // The file that was locked must still be the point that was read.
        return FolderFiles.TryLock(file, isShared)
            && folder.Folder.Find(ChainLayout.NameOf(point.Id)) is { } now && now.Identity == FileStatus.Of(file).Identity
            && PointFile.Read(folder.Folder, point.Id).Checksum == point.Checksum;
    }

    private static BackupException Changed(RepositoryPoint point) =>
        new(BackupErrorCode.Busy, $"Point {point.Id} is being removed, or merged with another one.",
            "Wait until that has ended. If it was interrupted, remove points again: that completes it.");
}
