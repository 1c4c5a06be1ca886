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
        // Two dots behind a link lead up from the link's target: only the kernel can resolve them.
        var full = path.Split('/').Contains("..") ? Path.Combine(Environment.CurrentDirectory, path) : Path.GetFullPath(path);
        return new RestoreTarget(full.TrimEnd('/') is { Length: > 0 } name ? name : "/", null) { IsFolder = path[^1] == '/' };
    }

    /// <summary>Reads what a user wrote.</summary>
    /// <exception cref="BackupException">The text is not a path, or begins like an NBD URI and is not one.</exception>
    public static RestoreTarget Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length == 0 || text.Contains('\0', StringComparison.Ordinal))
        {
            throw new BackupException(BackupErrorCode.InvalidArgument, "The target of the restore is empty or not a path.",
                "Name a file, a folder, a device or an NBD URI.");
        }

        if (text == "-")
        {
            throw new BackupException(BackupErrorCode.InvalidArgument, "A disk cannot be restored to standard output.",
                "Name a file, a folder, a device or an NBD URI. A file of that name is written ./-");
        }

        if (!NbdScheme().IsMatch(text))
            return File(text);
        try
        {
            return new RestoreTarget(text, NbdUri.Parse(text));
        }
        catch (FormatException e)
        {
            // As a path, it would fill the local disk, and the export would get nothing.
            throw new BackupException(BackupErrorCode.InvalidArgument, $"The target is not a valid NBD URI: {e.Message}.",
                "An NBD URI is nbd://HOST[:PORT]/EXPORT or nbd+unix:///EXPORT?socket=PATH; a file of that name is written ./nbd:…", e);
        }
    }

    [GeneratedRegex(@"\Anbds?(\+[^:/]*)?:", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex NbdScheme();
}

/// <summary>What a restore may write to.</summary>
/// <param name="Chain">The chain that is restored from.</param>
/// <param name="Force">Whether what is there may be replaced.</param>
/// <param name="TrustFolders">Whether folders that other users can write are used.</param>
internal sealed record RestoreRules(RepositoryChain Chain, bool Force, bool TrustFolders)
{
    // A folder with more entries than this is not a repository.
    private const int MaxEntries = 1000;

    /// <summary>Opens the folders on the path to a target.</summary>
    /// <param name="path">An absolute path.</param>
    /// <exception cref="BackupException">
    /// A folder does not exist, other users could change the path, or it leads into a repository.
    /// </exception>
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
                : throw new BackupException(
                    BackupErrorCode.Storage, $"The target {path} is in the repository {repository}.", "Restore to a place outside of it.");
        }
        catch
        {
            walk.Dispose();
            throw;
        }
    }

    private const uint WritableForAll = 0b010;

    // Recognized by the identity and the content of the folders: with a bind mount or a link, the path is another.
    private string? FindRepository(FolderWalk walk)
    {
        var ours = new[] { Chain.Repository.Path, Path.GetDirectoryName(Chain.Folder), Chain.Folder }.Select(
            f => FileStatus.Of(f!)?.Identity).ToHashSet();
        foreach (var (folder, identity) in walk.Way.Skip(1))
        {
            if (ours.Contains(identity))
                return Chain.Repository.Path;
            // In a folder like /tmp anybody can put something that looks like a chain, and would prevent all restores below it.
            if ((FileStatus.Of(folder.Handle).Mode & WritableForAll) != 0)
                continue;
            if (IsChain(folder.Path))
                return Path.GetDirectoryName(Path.GetDirectoryName(folder.Path));
            if (Folders(folder.Path).SelectMany(Folders).Take(MaxEntries).Any(IsChain))
                return folder.Path;
        }

        return null;
    }

    private static bool IsChain(string folder) => Entries(folder, f => f.EnumerateFiles()).Any(
        f => f.Name.EndsWith(ChainLayout.PointSuffix, StringComparison.Ordinal) && ChainLayout.PointOf(f.Name) is not null);

    // A link to a chain does not make its folder a repository.
    private static IEnumerable<string> Folders(string folder) =>
        Entries(folder, f => f.EnumerateDirectories()).Where(
            f => f.Name is not ['.', ..] && (f.Attributes & FileAttributes.ReparsePoint) == 0).Select(f => f.FullName);

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
