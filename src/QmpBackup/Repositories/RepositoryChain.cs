using System.Collections.Immutable;
using QmpBackup.Naming;

namespace QmpBackup.Repositories;

/// <summary>The points of one chain of one VM.</summary>
public sealed class RepositoryChain
{
    private const string LockName = ".lock";

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
        return Path.GetRelativePath(Repository.Path, Path.Combine(FolderOf(point.Id), disk.File));
    }

    /// <summary>Keeps other writers out until it is disposed, or this process ends.</summary>
    /// <exception cref="BackupException">Another one is at work (<see cref="BackupErrorCode.Busy"/>), or the folder cannot be written.</exception>
    public IDisposable Lock()
    {
        var path = Path.Combine(Folder, LockName);
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
    /// <exception cref="BackupException">The folder cannot be read.</exception>
    public ChainContents Read()
    {
        var points = new List<RepositoryPoint>();
        var broken = ImmutableArray.CreateBuilder<BrokenPoint>();
        var incomplete = new List<string>();
        foreach (var folder in Repository.FoldersOf(Folder))
        {
            var id = Path.GetFileName(folder);
            if (!CheckpointId.TryParse(id, out _)) continue;
            try
            {
                if (File.Exists(Path.Combine(folder, PointFile.Name))) points.Add(PointFile.Read(folder));
                else incomplete.Add(id);
            }
            catch (Exception e) when (e is InvalidDataException || StorageFailure.Is(e))
            {
                broken.Add(new BrokenPoint(id, e.Message));
            }
        }

        // What others are built on was complete once: it lost its point.json, and must not be swept away as one that was never finished.
        var parents = points.SelectMany(p => p.Disks.Select(d => d.Parent)).ToHashSet();
        var lost = incomplete.Where(parents.Contains).ToList();
        incomplete.RemoveAll(lost.Contains);
        broken.AddRange(lost.Select(id => new BrokenPoint(id, "point.json is missing")));
        return new ChainContents(this, [.. points.OrderBy(p => p.Sequence).ThenBy(p => p.CompletedAt).ThenBy(p => p.Id, StringComparer.Ordinal)], broken.ToImmutable(), [.. incomplete]);
    }

    /// <summary>Whether a folder is that of a chain: something was, or is being, put into it.</summary>
    internal static bool IsChain(string folder) => File.Exists(Path.Combine(folder, LockName))
        || Repository.FoldersOf(folder).Exists(f => CheckpointId.TryParse(Path.GetFileName(f), out _));

    internal string FolderOf(string id) => Path.Combine(Folder, id);

    /// <summary>Removes what is left of a point that was never complete.</summary>
    internal void RemoveIncomplete(string id)
    {
        var folder = FolderOf(id);
        try
        {
            if (CheckpointId.TryParse(id, out _) && Directory.Exists(folder) && !File.Exists(Path.Combine(folder, PointFile.Name))) Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (StorageFailure.Is(e))
        {
            throw StorageFailure.Explain(folder, e);
        }
    }
}
