using System.Text.RegularExpressions;
using QmpBackup.Host;
using QmpBackup.Nbd;

namespace QmpBackup.Repository.Operations;

/// <summary>Where a disk is restored to: a file, a block device, or an NBD export.</summary>
/// <param name="Name">The absolute path, or the URI as it was written.</param>
/// <param name="Uri">The export; null for a path.</param>
internal sealed partial record RestoreTarget(string Name, NbdUri? Uri)
{
    /// <summary>Whether the path ends as that of a folder does.</summary>
    public bool IsFolder { get; private init; }

    /// <summary>Whether the path leads to a block device now, whatever it looks like.</summary>
    public bool IsDevice => Uri is null && FileStatus.Of(Name)?.Kind == FileKind.BlockDevice;

    /// <summary>Whether it takes one disk, as it is, and is overwritten in place.</summary>
    public bool IsOneDisk => Uri is not null || IsDevice;

    /// <summary>A path, whatever it looks like.</summary>
    public static RestoreTarget File(string path)
    {
        // Two dots behind a link lead up from where that leads: only the kernel knows.
        var full = path.Split('/').Contains("..") ? Path.Combine(Environment.CurrentDirectory, path) : Path.GetFullPath(path);
        return new RestoreTarget(full.TrimEnd('/') is { Length: > 0 } name ? name : "/", null) { IsFolder = path[^1] == '/' };
    }

    /// <summary>Reads what a user wrote.</summary>
    /// <exception cref="BackupException">It is no path, or begins as an NBD URI does and is none.</exception>
    public static RestoreTarget Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length == 0 || text.Contains('\0', StringComparison.Ordinal))
            throw new BackupException(BackupErrorCode.InvalidArgument, "The target of the restore is empty or no path.", "Name a file, a folder, a device or an NBD URI.");
        if (text == "-")
            throw new BackupException(BackupErrorCode.InvalidArgument, "A disk cannot be restored to standard output.", "Name a file, a folder, a device or an NBD URI. A file of that name is written ./-");
        if (!NbdScheme().IsMatch(text))
            return File(text);
        try
        {
            return new RestoreTarget(text, NbdUri.Parse(text));
        }
        catch (FormatException e)
        {
            // Taken for a path it would fill the local disk, and whoever waits for the export would not know.
            throw new BackupException(BackupErrorCode.InvalidArgument, $"The target is no NBD URI that can be restored to: {e.Message}.",
                "An NBD URI is nbd://HOST[:PORT]/EXPORT or nbd+unix:///EXPORT?socket=PATH; a file of that name is written ./nbd:…", e);
        }
    }

    [GeneratedRegex(@"\Anbds?(\+[^:/]*)?:", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex NbdScheme();
}

/// <summary>What may be written to by a restore.</summary>
/// <param name="Chain">The chain that is restored from.</param>
/// <param name="Force">Whether what is there may be replaced.</param>
/// <param name="TrustFolders">Whether folders that other users can write are used.</param>
internal sealed record RestoreRules(RepositoryChain Chain, bool Force, bool TrustFolders)
{
    // Whoever has more than this in a folder has no repository there.
    private const int MaxEntries = 1000;

    /// <summary>Goes the way to a target.</summary>
    /// <param name="path">An absolute path.</param>
    /// <exception cref="BackupException">It is not there, others could turn it, or it leads into a repository.</exception>
    public FolderWalk Walk(string path)
    {
        FolderWalk walk;
        try
        {
            walk = FolderWalk.To(path);
        }
        catch (DirectoryNotFoundException e)
        {
            throw new BackupException(BackupErrorCode.Storage, e.Message, "Make the folder first, or name another one.", e);
        }
        catch (Exception e) when (FileFailure.Is(e))
        {
            throw FileFailure.ToBackupException(path, e);
        }

        try
        {
            if (!TrustFolders)
                walk.RequireTrust("The target");
            return FindRepository(walk) is not { } repository ? walk
                : throw new BackupException(BackupErrorCode.Storage, $"The target {path} is in the repository {repository}.", "Restore to a place outside of it.");
        }
        catch
        {
            walk.Dispose();
            throw;
        }
    }

    private const uint WritableForAll = 0b010;

    // Told by what the folders are, and by what is in them: a bind mount or a link has another path.
    private string? FindRepository(FolderWalk walk)
    {
        var ours = new[] { Chain.Repository.Path, Path.GetDirectoryName(Chain.Folder), Chain.Folder }.Select(f => FileStatus.Of(f!)?.Identity).ToHashSet();
        foreach (var (folder, identity) in walk.Way.Skip(1))
        {
            if (ours.Contains(identity))
                return Chain.Repository.Path;
            // In a folder like /tmp anybody can put what looks like a chain, and would keep everybody from restoring below it.
            if ((FileStatus.Of(folder.Handle).Mode & WritableForAll) != 0)
                continue;
            if (IsChain(folder.Path))
                return Path.GetDirectoryName(Path.GetDirectoryName(folder.Path));
            if (Folders(folder.Path).SelectMany(Folders).Take(MaxEntries).Any(IsChain))
                return folder.Path;
        }

        return null;
    }

    private static bool IsChain(string folder) => Entries(folder, f => f.EnumerateFiles()).Any(f => f.Name.EndsWith(ChainLayout.PointSuffix, StringComparison.Ordinal) && ChainLayout.PointOf(f.Name) is not null);

    // A link to a chain makes no repository of the folder that it is in.
    private static IEnumerable<string> Folders(string folder) =>
        Entries(folder, f => f.EnumerateDirectories()).Where(f => f.Name is not ['.', ..] && (f.Attributes & FileAttributes.ReparsePoint) == 0).Select(f => f.FullName);

    private static List<T> Entries<T>(string folder, Func<DirectoryInfo, IEnumerable<T>> enumerate)
    {
        try
        {
            return [.. enumerate(new DirectoryInfo(folder)).Take(MaxEntries)];
        }
        catch (Exception e) when (FileFailure.Is(e))
        {
            return [];
        }
    }
}
