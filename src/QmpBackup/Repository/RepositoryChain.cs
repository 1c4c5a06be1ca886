using System.Collections.Immutable;
using QmpBackup.Hashes;
using QmpBackup.Host;
using QmpBackup.Repository;

namespace QmpBackup;

/// <summary>The points of one chain of one VM.</summary>
public sealed class RepositoryChain
{
    internal RepositoryChain(BackupRepository repository, string vm, ChainName chain, string folder) =>
        (Repository, Vm, Chain, Folder) = (repository, vm, chain, folder);

    /// <summary>The repository.</summary>
    public BackupRepository Repository { get; }

    /// <summary>The VM's name.</summary>
    public string Vm { get; }

    /// <summary>The chain's name.</summary>
    public ChainName Chain { get; }

    /// <summary>The folder, as an absolute path.</summary>
    public string Folder { get; }

    /// <summary>The path of a disk's image, relative to the repository.</summary>
    /// <param name="point">A point of this chain.</param>
    /// <param name="disk">One of its disks.</param>
    public string RelativePath(RepositoryPoint point, PointDisk disk)
    {
        ArgumentNullException.ThrowIfNull(point);
        ArgumentNullException.ThrowIfNull(disk);
        return Path.GetRelativePath(Repository.Path, Path.Combine(Folder, disk.File));
    }

    /// <summary>Keeps other writers out until the result is disposed, or this process ends.</summary>
    /// <exception cref="BackupException">
    /// Another process is writing (<see cref="BackupErrorCode.Busy"/>), or the folder cannot be written.
    /// </exception>
    public IDisposable Lock()
    {
        try
        {
            using var folder = ChainFolder.Make(this);
            return folder.TryLock()
                ?? throw new BackupException(BackupErrorCode.Busy, $"Another process is writing to {Folder}.", "Wait until it has ended.");
        }
        catch (Exception e) when (e is InvalidDataException || FileFailure.Is(e))
        {
            throw FileFailure.ToBackupException(Path.Combine(Folder, ChainLayout.LockName), e);
        }
    }

    /// <summary>Reads the chain. Order and parents come from the points themselves, never from the times of files.</summary>
    /// <param name="key">Checks the signatures of points; null to check none.</param>
    /// <param name="requireSignature">Whether a point without a signature is not trusted.</param>
    /// <exception cref="BackupException">The folder cannot be read.</exception>
    public ChainContents Read(SigningKey? key = null, bool requireSignature = false)
    {
        try
        {
            using var folder = ChainFolder.TryOpen(this);
            return folder is null ? new ChainContents(this, [], [], []) { RequiresSignature = requireSignature }
                : Read(folder, key, requireSignature);
        }
        catch (Exception e) when (FileFailure.Is(e))
        {
            throw FileFailure.ToBackupException(Folder, e);
        }
    }

    /// <summary>Pins a point, so that it is never pruned, or releases it. Nothing happens if it is so already.</summary>
    /// <param name="point">A point of this chain.</param>
    /// <param name="isPinned">Whether it is to be pinned.</param>
    /// <exception cref="BackupException">
    /// Another process is writing (<see cref="BackupErrorCode.Busy"/>), the point is being removed, or the folder cannot be written.
    /// </exception>
    public void SetPinned(CheckpointId point, bool isPinned)
    {
        using var held = Lock();
        if (Read() is var contents && (contents.Find(point) is null || contents.Unfinished.Contains(point)))
        {
            throw new BackupException(BackupErrorCode.InvalidArgument,
                $"{(contents.Unfinished.Contains(point) ? $"Point {point} is being removed" : $"There is no point {point}")}.",
                Advice.Of($"{Feature.List} shows what there is."));
        }

        try
        {
            using var folder = ChainFolder.Make(this);
            folder.SetPinned(point, isPinned);
        }
        catch (Exception e) when (e is InvalidDataException || FileFailure.Is(e))
        {
            throw FileFailure.ToBackupException(Folder, e);
        }
    }

    /// <summary>The file that describes a point.</summary>
    internal string PathOf(CheckpointId id) => Path.Combine(Folder, ChainLayout.NameOf(id));

    /// <summary>The files of a disk of a point that names its own.</summary>
    internal DiskFiles FilesOf(RepositoryPoint point, PointDisk disk) =>
        DiskFiles.In(Path.Combine(Folder, Path.GetDirectoryName(disk.File)!), point.Id);

    /// <summary>The file with the hashes of a disk of a point.</summary>
    internal HashSource HashesOf(RepositoryPoint point, PointDisk disk)
    {
        var files = FilesOf(point, disk);
        var merged = Path.Combine(files.Folder, point.Id + ChainLayout.MergedHashesSuffix);
        return new HashSource(disk.Merging is not null && File.Exists(merged) ? merged : files.Hashes, disk.Hashes.Digest);
    }

    /// <summary>Whether the chain holds a complete point with this id.</summary>
    internal bool Holds(CheckpointId id) => File.Exists(PathOf(id));

    /// <summary>Marks a point as one that is being taken. If this process is killed, the next run knows the point by the mark.</summary>
    internal void Mark(CheckpointId id)
    {
        try
        {
            using var folder = ChainFolder.Make(this);
            folder.Mark(id);
        }
        catch (InvalidDataException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    /// <summary>Removes what is left of a point that was never complete.</summary>
    internal void RemoveIncomplete(CheckpointId id)
    {
        try
        {
            using var folder = ChainFolder.TryOpen(this);
            folder?.RemoveIncomplete(id);
        }
        catch (Exception e) when (FileFailure.Is(e))
        {
            throw FileFailure.ToBackupException(Folder, e);
        }
    }

    private ChainContents Read(ChainFolder folder, SigningKey? key, bool requireSignature)
    {
        var points = new List<RepositoryPoint>();
        var removed = new List<RepositoryPoint>();
        var broken = ImmutableArray.CreateBuilder<BrokenPoint>();
        var (described, all) = folder.List();
        foreach (var id in described)
        {
            try
            {
                var point = PointFile.Read(folder.Folder, id, key);
                (point.IsRemoved ? removed : points).Add(point);
            }
            catch (Exception e) when (e is InvalidDataException || FileFailure.Is(e))
            {
                broken.Add(new BrokenPoint(id, e.Message.TrimEnd('.')) { IsUnread = FileFailure.Is(e) });
            }
        }

        // A point that others are built on was complete once: it lost its POINT.json, and must not be removed as one that was never
        // completed.
        var incomplete = all.Where(id => !described.Contains(id)).ToList();
        var parents = points.SelectMany(p => p.Disks.Select(d => d.Parent)).ToHashSet();
        var lost = incomplete.Where(id => parents.Contains(id)).ToList();
        incomplete.RemoveAll(lost.Contains);
        broken.AddRange(lost.Select(id => new BrokenPoint(id, $"{ChainLayout.NameOf(id)} is missing")));
        return new ChainContents(this, [.. points.OrderBy(p => p.Sequence).ThenBy(p => p.CompletedAt).ThenBy(p => p.Id)],
            [.. broken.OrderBy(b => b.Id)], [.. incomplete.Order()])
        {
            RequiresSignature = requireSignature,
            Removed = [.. removed.OrderBy(p => p.Id)],
            Pinned = folder.Pinned(),
        };
    }
}
