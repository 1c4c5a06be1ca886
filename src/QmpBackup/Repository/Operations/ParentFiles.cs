using QmpBackup.Host;

namespace QmpBackup.Repository.Operations;

/// <summary>The files of the points that increments are built on, as they were when the pull began. A point is only completed while all of them are still there.</summary>
internal sealed class ParentFiles
{
    private readonly List<(string Path, CheckpointId Point, string Disk, FileIdentity Identity, long Size)> _files = [];

    /// <summary>Takes note of what a disk is built on.</summary>
    /// <param name="contents">The chain.</param>
    /// <param name="point">The point that it is an increment on.</param>
    /// <param name="disk">The disk in that point.</param>
    /// <exception cref="IOException">A file cannot be looked at.</exception>
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

    /// <summary>Makes sure that all are still there, and no others in their place.</summary>
    /// <exception cref="BackupException">One is not.</exception>
    /// <exception cref="IOException">A file cannot be looked at.</exception>
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
                // Said below.
            }

            throw new BackupException(BackupErrorCode.Storage,
                $"Point {point}, which disk {disk} of this backup is built on, was changed while the backup was taken: {path} was {what}.", Advice.Of($"The next {Feature.Run} takes the disk in full."));
        }
    }

    // Opened, for a network file system to ask its server. What is no regular file must not hold this up.
    private static FileStatus StatusOf(string path)
    {
        try
        {
            if (!path.EndsWith(ChainLayout.PointSuffix, StringComparison.Ordinal))
            {
                using var file = FolderFiles.OpenRead(path);
                return FileStatus.Of(file);
            }

            // Beside the folders of the disks.
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
