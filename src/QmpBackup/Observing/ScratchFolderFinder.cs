using System.Collections.Immutable;
using QmpBackup.Host;
using QmpBackup.Model;

namespace QmpBackup.Observing;

/// <summary>Finds the scratch folders on this host: of an open backup, and of backups whose QEMU has ended.</summary>
internal static class ScratchFolderFinder
{
    // A directory with more entries is not searched completely.
    private const int MostEntries = 100_000;

    /// <summary>Finds them.</summary>
    /// <param name="process">The VM; null over TCP, where no folder of this host is looked at.</param>
    /// <param name="nodes">
    /// Its nodes: scratch images may be beside the disks' images, and those of an open backup are nodes themselves.
    /// </param>
    /// <param name="directories">The directories to look in besides those of the images.</param>
    /// <param name="folders">Scratch folders that are known by name.</param>
    public static ImmutableArray<ScratchFolder> Find(
        VmProcess? process, ImmutableArray<BlockNode> nodes, IEnumerable<string> directories, IEnumerable<string> folders)
    {
        if (process is null)
            return [];
        var ofNodes = nodes.Where(n => n.Driver == "file" && n.FileName.StartsWith('/')).Select(n => Path.GetDirectoryName(n.FileName)!).ToList();
        var places = directories.Concat(ofNodes.Where(f => !IsScratch(f))).Select(Plain).Distinct();
        var found = places.SelectMany(In).Concat(folders).Concat(ofNodes.Where(IsScratch)).Distinct();
        return [.. found.Select(path => OwnedFolder.Look(path, process)).OfType<ScratchFolder>()];
    }

    private static bool IsScratch(string path) => SessionNames.IsOurDirectory(Path.GetFileName(path));

    private static string Plain(string directory) => directory.Length > 1 ? directory.TrimEnd('/') : directory;

    private static List<string> In(string directory)
    {
        try
        {
            return [.. Directory.EnumerateFileSystemEntries(directory).Take(MostEntries).Where(IsScratch)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return [];
        }
    }
}
