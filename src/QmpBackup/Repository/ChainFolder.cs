using Microsoft.Win32.SafeHandles;
using QmpBackup.Host;

namespace QmpBackup.Repository;

/// <summary>
/// A chain's folder, held open: everything is done in the folder that was opened, whatever its path leads to later. Links in it are not
/// followed.
/// </summary>
internal sealed class ChainFolder : IDisposable
{
    // The VM's and the chain's.
    private const int OurFolders = 2;

    private ChainFolder(OpenFolder folder) => Folder = folder;

    /// <summary>The folder.</summary>
    public OpenFolder Folder { get; }

    /// <summary>Opens the folder.</summary>
    /// <param name="chain">The chain.</param>
    /// <returns>Null if it does not exist.</returns>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public static ChainFolder? TryOpen(RepositoryChain chain) =>
        Directory.Exists(chain.Folder) ? new ChainFolder(OpenFolder.OpenOurs(chain.Folder, OurFolders)) : null;

    /// <summary>Opens the folder, and makes it if it does not exist.</summary>
    /// <param name="chain">The chain.</param>
    /// <exception cref="IOException">It cannot be opened or made.</exception>
    public static ChainFolder Make(RepositoryChain chain)
    {
        chain.Repository.Make();
        using var repository = OpenFolder.Open(chain.Repository.Path);
        using var vm = repository.OpenOrMakeChild(Path.GetFileName(Path.GetDirectoryName(chain.Folder)!));
        return new ChainFolder(vm.OpenOrMakeChild(Path.GetFileName(chain.Folder)));
    }

    /// <summary>Takes the chain's lock.</summary>
    /// <returns>Holds the lock until it is disposed; null if another process has the lock.</returns>
    public SafeFileHandle? TryLock()
    {
        var file = OpenOrCreate(ChainLayout.LockName);
        try
        {
            if (FolderFiles.TryLock(file))
            {
                // Users who can open the lock file can also hold the lock.
                Folder.Restrict(file);
                return file;
            }
        }
        catch
        {
            file.Dispose();
            throw;
        }

        file.Dispose();
        return null;
    }

    /// <summary>The points that have a <c>POINT.json</c>, and all that have any file.</summary>
    public (HashSet<CheckpointId> Described, HashSet<CheckpointId> All) List()
    {
        HashSet<CheckpointId> described = [], all = [];
        foreach (var name in Folder.Names())
        {
            if (ChainLayout.PointOf(name) is not { } id)
                continue;
            all.Add(id);
            if (name == ChainLayout.NameOf(id))
                described.Add(id);
        }

        foreach (var disk in Disks())
        {
            using (disk)
                all.UnionWith(disk.Names().Select(ChainLayout.PointOf).OfType<CheckpointId>());
        }

        return (described, all);
    }

    /// <summary>Marks a point as one that is being taken.</summary>
    public void Mark(CheckpointId id)
    {
        OpenOrCreate($"{id}{ChainLayout.PartSuffix}").Dispose();
        Folder.Flush();
    }

    /// <summary>Removes the mark of a point that is complete.</summary>
    public void RemoveMark(CheckpointId id) => Folder.TryRemove($"{id}{ChainLayout.PartSuffix}");

    /// <summary>The points that are pinned.</summary>
    public HashSet<CheckpointId> Pinned() => [.. Folder.Names().Where(n => n.EndsWith(ChainLayout.PinSuffix, StringComparison.Ordinal))
        .Select(ChainLayout.PointOf).OfType<CheckpointId>()];

    /// <summary>Pins a point, or releases it.</summary>
    public void SetPinned(CheckpointId id, bool isPinned)
    {
        var name = $"{id}{ChainLayout.PinSuffix}";
        if (isPinned)
            OpenOrCreate(name).Dispose();
        else
            Folder.Remove(name);
        Folder.Flush();
    }

    /// <summary>Removes all files of a point whose removal is decided; <c>POINT.json</c>, which says so, last.</summary>
    public void RemovePoint(CheckpointId id)
    {
        foreach (var disk in Disks())
        {
            using (disk)
            {
                Remove(disk, disk.Names().Where(n => ChainLayout.PointOf(n) == id));
                disk.Flush();
            }
        }

        var name = ChainLayout.NameOf(id);
        Remove(Folder, Folder.Names().Where(n => ChainLayout.PointOf(n) == id && n != name).Append(name));
        Folder.Flush();
    }

    /// <summary>
    /// Removes the files of a point that was never complete. A folder with the name of such a file belongs to something else, and stays.
    /// </summary>
    public void RemoveIncomplete(CheckpointId id)
    {
        if (Folder.Find(ChainLayout.NameOf(id)) is not null)
            return;
        foreach (var disk in Disks())
        {
            using (disk)
                Remove(disk, disk.Names().Where(n => ChainLayout.PointOf(n) == id));
        }

        // The mark is removed last: what is removed only in part is still known to be incomplete.
        var mark = $"{id}{ChainLayout.PartSuffix}";
        Remove(Folder, Folder.Names().Where(n => ChainLayout.PointOf(n) == id && n != mark).Append(mark));
    }

    /// <summary>The folder of a disk, which is made if it does not exist.</summary>
    /// <param name="name">Its name.</param>
    public OpenFolder OpenDisk(string name) => Folder.OpenOrMakeChild(name);

    /// <inheritdoc/>
    public void Dispose() => Folder.Dispose();

    private static void Remove(OpenFolder folder, IEnumerable<string> names)
    {
        foreach (var name in names.ToList())
        {
            if (folder.Find(name) is { Kind: not FileKind.Folder })
                folder.Remove(name);
        }
    }

    private SafeFileHandle OpenOrCreate(string name)
    {
        try
        {
            if (Folder.Find(name) is null)
                return Folder.CreateFile(name);
        }
        catch (IOException e) when (e.HResult == FileFailure.Exists)
        {
            // Another process made it at this moment.
        }

        return Folder.OpenFile(name, write: true);
    }

    private IEnumerable<OpenFolder> Disks() => Folder.Names().Where(n => !n.StartsWith('.') && ChainLayout.PointOf(n) is null
        && Folder.Find(n) is { Kind: FileKind.Folder }).Select(n => Folder.OpenChild(n));
}
