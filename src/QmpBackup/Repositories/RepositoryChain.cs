using System.Collections.Immutable;
using QmpBackup.Naming;
using QmpBackup.Repositories.Hashes;
using QmpBackup.Repositories.Signing;

namespace QmpBackup.Repositories;

/// <summary>The points of one chain of one VM.</summary>
public sealed class RepositoryChain
{
    // What an IOException of a lock that is held bears: EAGAIN of Linux and of macOS, ERROR_SHARING_VIOLATION.
    private static readonly int Held = OperatingSystem.IsWindows() ? unchecked((int)0x80070020) : OperatingSystem.IsMacOS() ? 35 : 11;

    internal RepositoryChain(Repository repository, string vm, string chain, string folder) => (Repository, Vm, Chain, Folder) = (repository, vm, chain, folder);

    /// <summary>The repository.</summary>
    public Repository Repository { get; }

    /// <summary>The VM's name.</summary>
    public string Vm { get; }

    /// <summary>The chain's name.</summary>
    public string Chain { get; }

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

    /// <summary>Keeps other writers out until it is disposed, or this process ends.</summary>
    /// <exception cref="BackupException">Another one is at work (<see cref="BackupErrorCode.Busy"/>), or the folder cannot be written.</exception>
    public IDisposable Lock()
    {
        var path = Path.Combine(Folder, ChainLayout.LockName);
        try
        {
            Directory.CreateDirectory(Folder);
            if (OperatingSystem.IsWindows() || !File.Exists(path)) File.Open(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite).Dispose();
        }
        catch (Exception e) when (StorageFailure.Is(e) && e.HResult != Held)
        {
            throw StorageFailure.Explain(path, e);
        }
        catch (IOException)
        {
            // Somebody else has made it and locked it in this moment.
        }

        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e.HResult == Held)
        {
            throw new BackupException(BackupErrorCode.Busy, $"Another qbackup is writing to {Folder}.", "Wait until it has ended.", e);
        }
        catch (Exception e) when (StorageFailure.Is(e))
        {
            throw StorageFailure.Explain(path, e);
        }
    }

    /// <summary>Reads what is there. Order and parenthood come from the points themselves, never from the times of files.</summary>
    /// <param name="key">Checks the signatures of points; null where there is none to check them with.</param>
    /// <param name="requireSignature">Whether a point without a signature is not to be trusted either.</param>
    /// <exception cref="BackupException">The folder cannot be read.</exception>
    public ChainContents Read(SigningKey? key = null, bool requireSignature = false)
    {
        var points = new List<RepositoryPoint>();
        var broken = ImmutableArray.CreateBuilder<BrokenPoint>();
        var described = Repository.FilesOf(Folder).Where(f => ChainLayout.PointOf(f) is { } id && f == ChainLayout.NameOf(id)).Select(f => ChainLayout.PointOf(f)!).ToHashSet();
        foreach (var id in described)
        {
            try
            {
                points.Add(PointFile.Read(PathOf(id), key));
            }
            catch (Exception e) when (e is InvalidDataException || StorageFailure.Is(e))
            {
                broken.Add(new BrokenPoint(id, e.Message.TrimEnd('.')) { IsUnread = StorageFailure.Is(e) });
            }
        }

        // What others are built on was complete once: it lost its POINT.json, and must not be swept away as one that was never finished.
        var incomplete = AllFiles().Select(f => ChainLayout.PointOf(Path.GetFileName(f))).OfType<string>().Where(id => !described.Contains(id)).Distinct().ToList();
        var parents = points.SelectMany(p => p.Disks.Select(d => d.Parent)).ToHashSet();
        var lost = incomplete.Where(parents.Contains).ToList();
        incomplete.RemoveAll(lost.Contains);
        broken.AddRange(lost.Select(id => new BrokenPoint(id, $"{ChainLayout.NameOf(id)} is missing")));
        return new ChainContents(this, [.. points.OrderBy(p => p.Sequence).ThenBy(p => p.CompletedAt).ThenBy(p => p.Id, StringComparer.Ordinal)],
            [.. broken.OrderBy(b => b.Id, StringComparer.Ordinal)], [.. incomplete.Order(StringComparer.Ordinal)]) { RequiresSignature = requireSignature };
    }

    /// <summary>Whether a folder is that of a chain: something was, or is being, put into it.</summary>
    internal static bool IsChain(string folder) => File.Exists(Path.Combine(folder, ChainLayout.LockName)) || Repository.FilesOf(folder).Exists(f => ChainLayout.PointOf(f) is not null);

    /// <summary>The file that describes a point.</summary>
    internal string PathOf(string id) => Path.Combine(Folder, ChainLayout.NameOf(id));

    /// <summary>Whether a point is there that was complete.</summary>
    internal bool Holds(string id) => File.Exists(PathOf(id));

    /// <summary>The files of a disk of a point that names its own.</summary>
    internal DiskFiles FilesOf(RepositoryPoint point, PointDisk disk) => DiskFiles.In(Path.Combine(Folder, Path.GetDirectoryName(disk.File)!), point.Id);

    /// <summary>A point's hashes of a disk, and what they must be.</summary>
    internal HashSource HashesOf(RepositoryPoint point, PointDisk disk) => new(FilesOf(point, disk).Hashes, disk.Hashes.Digest);

    /// <summary>Marks a point as one that is being taken, which the next run knows by that, whenever this one is killed.</summary>
    internal void Mark(string id)
    {
        using (File.Open(PartOf(id), FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite))
        {
        }

        SafeFile.FlushFolder(Folder);
    }

    /// <summary>Removes the mark of a point that is complete.</summary>
    internal void RemoveMark(string id) => File.Delete(PartOf(id));

    /// <summary>Removes what is left of a point that was never complete.</summary>
    internal void RemoveIncomplete(string id)
    {
        try
        {
            if (!CheckpointId.TryParse(id, out _) || Holds(id)) return;
            // The mark is the last that goes: removed half, it is still known for what it is.
            foreach (var file in AllFiles().Where(f => ChainLayout.PointOf(Path.GetFileName(f)) == id).OrderBy(f => f == PartOf(id))) File.Delete(file);
        }
        catch (Exception e) when (StorageFailure.Is(e))
        {
            throw StorageFailure.Explain(Folder, e);
        }
    }

    private string PartOf(string id) => Path.Combine(Folder, id + ChainLayout.PartSuffix);

    // Of the chain's folder, and of those of its disks.
    private IEnumerable<string> AllFiles() => Repository.FoldersOf(Folder).Prepend(Folder).SelectMany(folder => Repository.FilesOf(folder).Select(f => Path.Combine(folder, f)));
}
