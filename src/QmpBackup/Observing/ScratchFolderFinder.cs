using System.Collections.Concurrent;
using System.Collections.Immutable;
using QmpBackup.Host;
using QmpBackup.Model;

namespace QmpBackup.Observing;

/// <summary>
/// Finds the scratch folders on this host: those of an open backup, and those that one whose QEMU has ended left behind. Each place is
/// searched by a thread of its own, because a file system that hangs does not let go of it: the VM does not wait for that.
/// </summary>
internal sealed class ScratchFolderFinder
{
    // A directory with more entries is not searched completely.
    private const int MostEntries = 100_000;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    // Places that have not answered yet: a thread is still there, and no second one follows it.
    private readonly ConcurrentDictionary<string, Task> _silent = [];

    /// <summary>Finds them.</summary>
    /// <param name="process">The VM; null over TCP, where no folder of this host is looked at.</param>
    /// <param name="nodes">
    /// Its nodes: scratch images may be beside the disks' images, and those of an open backup are nodes themselves.
    /// </param>
    /// <param name="directories">The directories to look in besides those of the images.</param>
    /// <param name="folders">Scratch folders that are known by name.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Stops the search.</param>
    /// <returns>The folders, and the places that did not answer in time.</returns>
    public async Task<(ImmutableArray<ScratchFolder> Folders, ImmutableArray<string> Silent)> FindAsync(
        VmProcess? process, ImmutableArray<BlockNode> nodes, IEnumerable<string> directories, IEnumerable<string> folders,
        TimeProvider time, CancellationToken cancellationToken)
    {
        if (process is null)
            return ([], []);
        var beside = nodes.Where(n => n.Driver == "file" && n.FileName.StartsWith('/'))
            .Select(n => Path.GetDirectoryName(n.FileName)).OfType<string>();
        var places = directories.Concat(folders).Concat(beside).Select(Plain).Distinct().ToList();
        var searches = places.Where(p => !IsSilent(p)).Select(p => (Place: p, Found: Start(() => In(p, process)))).ToList();
        try
        {
            await Task.WhenAll(searches.Select(s => s.Found)).WaitAsync(Limit, time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            foreach (var (place, found) in searches.Where(s => !s.Found.IsCompleted))
                _silent[place] = found;
        }

        var answered = searches.Where(s => s.Found.IsCompletedSuccessfully).SelectMany(s => s.Found.Result).DistinctBy(f => f.Path);
        return ([.. answered], [.. places.Where(IsSilent)]);
    }

    private static Task<ImmutableArray<ScratchFolder>> Start(Func<ImmutableArray<ScratchFolder>> search) =>
        Task.Factory.StartNew(search, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private bool IsSilent(string place) => _silent.TryGetValue(place, out var search) && !search.IsCompleted;

    private static bool IsScratch(string path) => SessionNames.IsOurDirectory(Path.GetFileName(path));

    private static string Plain(string directory) => directory.Length > 1 ? directory.TrimEnd('/') : directory;

    private static ImmutableArray<ScratchFolder> In(string place, VmProcess process)
    {
        try
        {
            var found = IsScratch(place) ? [place] : Directory.EnumerateFileSystemEntries(place).Take(MostEntries).Where(IsScratch);
            return [.. found.Select(path => OwnedFolder.Look(path, process)).OfType<ScratchFolder>()];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return [];
        }
    }
}
