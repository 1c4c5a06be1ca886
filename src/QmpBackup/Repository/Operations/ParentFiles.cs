using QmpBackup.Host;

namespace QmpBackup.Repository.Operations;

/// <summary>
/// The files of the points that increments are built on, as they were when the pull began. A point is completed only if all of them still
/// exist.
/// </summary>
internal sealed class ParentFiles
{
    private readonly List<(string Path, CheckpointId Point, string Disk, FileIdentity Identity, long Size)> _files = [];

    /// <summary>Records the files that a disk is built on.</summary>
    /// <param name="contents">The chain.</param>
    /// <param name="point">The point that it is an increment on.</param>
    /// <param name="disk">The disk in that point.</param>
    /// <exception cref="IOException">A file cannot be examined.</exception>
    public void Add(ChainContents contents, RepositoryPoint point, PointDisk disk)
    {
        foreach (var (below, one) in contents.LineOf(point, disk))
        {
            var files = contents.Chain.FilesOf(below, one);
            foreach (var path in (string[])[files.Image, files.Hashes, contents.Chain.PathOf(below.Id)])
            {
                var status = StatusOf(path);
                _files.Add((path, below.Id, one.Name, status.Identity, status.Size));
            }
        }
    }

    /// <summary>Checks that all files still exist and were not replaced.</summary>
    /// <exception cref="BackupException">A file was removed or replaced.</exception>
    /// <exception cref="IOException">A file cannot be examined.</exception>
    public void RequireUnchanged()
    {
        foreach (var (path, point, disk, identity, size) in _files)
        {
            var what = "removed";
            try
            {
                var status = StatusOf(path);
                if (status.Identity == identity && status.Size == size)
                    continue;
                what = "replaced";
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
            {
                // Reported below.
            }

            throw new BackupException(BackupErrorCode.Storage,
                $"Point {point}, which disk {disk} of this backup is built on, was changed while the backup was taken: {path} was {what}.",
                    Advice.Of($"The next {Feature.Run} takes the disk in full."));
        }
    }

    // The file is opened, so that a network file system asks its server. Something other than a regular file must not block this.
    private static FileStatus StatusOf(string path)
    {
        try
        {
            if (!path.EndsWith(ChainLayout.PointSuffix, StringComparison.Ordinal))
            {
                using var file = FolderFiles.OpenRead(path);
                return FileStatus.Of(file);
            }

            // This file is in the chain's folder.
            using var folder = OpenFolder.OpenOurs(Path.GetDirectoryName(path)!, 2);
            using var description = folder.OpenFile(Path.GetFileName(path));
            return FileStatus.Of(description);
        }
        catch (InvalidDataException e)
        {
            throw new IOException($"{path}: {e.Message}", e);
        }
    }
}
