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

    /// <summary>The chains that are meant by names: all of the repository, unless a VM or a chain is named.</summary>
    /// <param name="vm">The VM's name, as QEMU or as the repository has it; null for all.</param>
    /// <param name="chain">The chain's name; null for all.</param>
    /// <returns>At least one, except for a folder that is still empty.</returns>
    /// <exception cref="BackupException">
    /// The folder is not a repository, cannot be read, or holds nothing of these names.
    /// </exception>
    public ImmutableArray<RepositoryChain> FindChains(string? vm = null, ChainName? chain = null)
    {
        var all = GetChains();
        if (all.IsEmpty)
        {
            return IsEmpty() ? []
                : throw new BackupException(BackupErrorCode.Storage,
                    $"{Path} is not a repository: there is no backup in it, but other things are.",
                    Advice.Of($"Name the right folder with {Feature.Repository}; {Feature.Run} makes a repository of a new or an "
                        + $"empty one."));
        }

        ImmutableArray<RepositoryChain> meant =
        [
            .. all.Where(c => (vm is null || c.Vm == vm || c.Folder == GetChain(vm, c.Chain).Folder)
                && (chain is null || c.Chain == chain)),
        ];
        return !meant.IsEmpty ? meant
            : throw new BackupException(BackupErrorCode.InvalidArgument, "The repository holds nothing of that name.",
                Advice.Of($"{Feature.List} shows what there is."));
    }

    /// <summary>The one chain that is meant by names.</summary>
    /// <param name="vm">The VM's name; null where the repository holds only one.</param>
    /// <param name="chain">The chain's name; null for the only one, else the one that is called <c>default</c>.</param>
    /// <exception cref="BackupException">
    /// The repository is empty, or holds nothing of these names, or several chains could be meant.
    /// </exception>
    public RepositoryChain FindChain(string? vm = null, ChainName? chain = null)
    {
        var chains = FindChains(vm, chain);
        if (chains.Length > 1 && chain is null && chains.Where(c => c.Chain == ChainName.Default).ToList() is [var usual])
            return usual;
        var names = string.Join(", ", chains.Select(c => $"{c.Vm} ({c.Chain})"));
        return chains switch
        {
            [var only] => only,
            [] => throw Empty(),
            _ => throw new BackupException(BackupErrorCode.InvalidArgument, "The repository holds several VMs or chains.",
                Advice.Of($"Name one with {Feature.Vm} and {Feature.Chain}: {names}.")),
        };
    }

    /// <summary>The error for a repository in which no backup has been stored yet.</summary>
    internal static BackupException Empty() => new(BackupErrorCode.InvalidArgument,
        "The repository is empty: no backup has been stored in it yet.", Advice.Of($"{Feature.Run} takes the first backup."));

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
    internal bool IsEmpty()
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
