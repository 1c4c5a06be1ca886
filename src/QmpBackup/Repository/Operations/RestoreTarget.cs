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
