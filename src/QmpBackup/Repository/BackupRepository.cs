using System.Collections.Immutable;
using QmpBackup.Host;
using QmpBackup.Repository;

namespace QmpBackup;

/// <summary>
/// A folder of backups: <c>REPO/VM/CHAIN/POINT.json</c> for each point, and a qcow2 image <c>REPO/VM/CHAIN/DISK/POINT.qcow2</c> for each of
/// its disks.
/// </summary>
public sealed class BackupRepository
{
    private readonly bool _trustsFolders;

    private BackupRepository(string path, bool trustsFolders) => (Path, _trustsFolders) = (path, trustsFolders);

    /// <summary>The folder, as an absolute path.</summary>
    public string Path { get; }

    /// <summary>Opens a repository.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="create">Whether the repository may be missing: it is made when the first backup is stored.</param>
    /// <param name="trustFolders">
    /// Whether a repository is used in folders that users other than root, the user of this process and the repository's owner can write:
    /// they could replace it.
    /// </param>
    /// <exception cref="BackupException">
    /// The repository does not exist, is not a folder, is a folder with other things in it, or is not trusted.
    /// </exception>
    public static BackupRepository Open(string path, bool create = false, bool trustFolders = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var full = System.IO.Path.GetFullPath(path);
        if (File.Exists(full))
        {
            throw new BackupException(BackupErrorCode.Storage, $"{full} is a file, but a repository is a folder.",
                Advice.Of($"Name the right one with {Feature.Repository}."));
        }

        var repository = new BackupRepository(full, trustFolders);
        if (!Directory.Exists(full))
        {
            return create ? repository : throw new BackupException(BackupErrorCode.Storage, $"There is no repository {full}.",
                Advice.Of($"Name the right one with {Feature.Repository}; {Feature.Run} and {Feature.Pull} make a new one."));
        }

        if (!trustFolders)
            RequireTrust(full);
        return !create || !repository.HoldsOnlyOtherThings() ? repository
            : throw new BackupException(
                BackupErrorCode.Storage, $"{full} is not a repository: there is no backup in it, but other things are.",
                Advice.Of($"Name another folder with {Feature.Repository}, or an empty one in it."));
    }

    /// <summary>Makes the folder if it does not exist.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    /// <exception cref="BackupException">The folder is in a place that is not trusted.</exception>
    internal void Make()
    {
        if (Directory.Exists(Path))
            return;
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(Path);
        else
            Directory.CreateDirectory(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        if (!_trustsFolders)
            RequireTrust(Path);
    }

    private static void RequireTrust(string path)
    {
        try
        {
            using var walk = FolderWalk.To(path, FileStatus.Of(path)?.Owner);
            walk.RequireTrust("The repository");
        }
        catch (Exception e) when (FileFailure.Is(e))
        {
            throw FileFailure.ToBackupException(path, e);
        }
    }

    /// <summary>The chain of a VM, whether the repository holds anything of it or not.</summary>
    /// <param name="vm">The VM's name.</param>
    /// <param name="chain">The chain's name; <see cref="ChainName.Default"/> where it is left out.</param>
    /// <exception cref="BackupException">The folder cannot be read.</exception>
    public RepositoryChain GetChain(string vm, ChainName chain = default)
    {
        ArgumentNullException.ThrowIfNull(vm);
        var folder = SafeName.Of(vm, FoldersOf(Path).Select(f => System.IO.Path.GetFileName(f)));
        return new RepositoryChain(this, vm, chain, System.IO.Path.Combine(Path, folder, chain.Value));
    }

    /// <summary>All chains that have a folder, by name. A folder in which no backup was ever stored is not a chain.</summary>
    /// <exception cref="BackupException">A folder cannot be read.</exception>
    public ImmutableArray<RepositoryChain> GetChains()
    {
        var chains = ImmutableArray.CreateBuilder<RepositoryChain>();
        foreach (var vm in FoldersOf(Path).Where(f => !IsForeign(f) && !IsLink(f)))
        {
            foreach (var folder in FoldersOf(vm).Where(f => !IsLink(f)))
            {
                if (!ChainName.TryParse(System.IO.Path.GetFileName(folder), out var name) || !IsChain(folder))
                    continue;
                var chain = new RepositoryChain(this, System.IO.Path.GetFileName(vm), name, folder);
                var vmName = chain.Read().Points.FirstOrDefault()?.Vm;
                chains.Add(vmName is null ? chain : new RepositoryChain(this, vmName, name, folder));
            }
        }

        return chains.ToImmutable();
    }

    // A run that is killed in its first moment leaves empty folders of a VM and a chain.
    private bool HoldsOnlyOtherThings()
    {
        bool IsBare(string entry, int depth) => IsForeign(entry)
            || (depth > 0 && Directory.Exists(entry) && Directory.EnumerateFileSystemEntries(entry).All(e => IsBare(e, depth - 1)));
        try
        {
            return !FoldersOf(Path).Exists(
                vm => !IsForeign(vm) && FoldersOf(vm).Exists(f => ChainName.TryParse(System.IO.Path.GetFileName(f), out _) && IsChain(f)))
                && !Directory.EnumerateFileSystemEntries(Path).All(e => IsBare(e, 2));
        }
        catch (Exception e) when (FileFailure.Is(e))
        {
            throw FileFailure.ToBackupException(Path, e);
        }
    }

    /// <summary>
    /// Whether the folder is empty, so that a repository can be made in it. Hidden files, and files that belong to the file system, do not
    /// count.
    /// </summary>
    /// <exception cref="BackupException">The folder cannot be read.</exception>
    public bool IsEmpty()
    {
        try
        {
            return Directory.EnumerateFileSystemEntries(Path).All(IsForeign);
        }
        catch (Exception e) when (FileFailure.Is(e))
        {
            throw FileFailure.ToBackupException(Path, e);
        }
    }

    // What belongs to the file system, and hidden files. No name of a VM becomes such a name.
    private static bool IsForeign(string entry) => System.IO.Path.GetFileName(entry) is "lost+found" or ['.', ..];

    // A chain is never opened through a link.
    private static bool IsLink(string folder) => new DirectoryInfo(folder).LinkTarget is not null;

    // Whether a folder is that of a chain: something was stored in it, or is being stored.
    private static bool IsChain(string folder)
    {
        try
        {
            return Directory.EnumerateFileSystemEntries(folder).Select(
                f => System.IO.Path.GetFileName(f)).Any(n => n == ChainLayout.LockName || ChainLayout.PointOf(n) is not null);
        }
        catch (DirectoryNotFoundException)
        {
            // It was removed at this moment.
            return false;
        }
        catch (Exception e) when (FileFailure.Is(e))
        {
            throw FileFailure.ToBackupException(folder, e);
        }
    }

    internal static List<string> FoldersOf(string path)
    {
        try
        {
            return Directory.Exists(path) ? [.. Directory.EnumerateDirectories(path).Order(StringComparer.Ordinal)] : [];
        }
        catch (Exception e) when (FileFailure.Is(e))
        {
            throw FileFailure.ToBackupException(path, e);
        }
    }
}
