using System.Diagnostics;
using System.Globalization;
using Microsoft.Win32.SafeHandles;
using QmpBackup.Host;

namespace QmpBackup.Transfer;

/// <summary>An image of a chain.</summary>
/// <param name="Name">Its name.</param>
/// <param name="File">The file, open for reading.</param>
/// <param name="Header">Its header.</param>
internal sealed record ImageLevel(string Name, SafeFileHandle File, Qcow2Header Header);

/// <summary>
/// A qcow2 image and those below it, held open and looked at before a program gets them. The program finds them in a folder that only this
/// user can enter, as links to what is held open here: a name in a header leads to an image that was checked, or to nothing. Afterwards
/// <c>RequireNothingElseAsync</c> refuses a program that has opened anything else.
/// </summary>
internal sealed class ImageChain : IDisposable
{
    private const int MaxLevels = 10_000;
    private static readonly TimeSpan OpenTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan OpenPause = TimeSpan.FromMilliseconds(5);

    // Two seconds in all, for a program that has to wait for a processor.
    private const int Looks = 41;
    private static readonly TimeSpan LookPause = TimeSpan.FromMilliseconds(50);

    private readonly List<ImageLevel> _levels = [];

    private ImageChain()
    {
    }

    /// <summary>Opens an image and those below it, all in one folder.</summary>
    /// <param name="path">The image.</param>
    /// <param name="alone">Whether what it is built on is left out.</param>
    /// <exception cref="IOException">One is missing, or cannot be read.</exception>
    /// <exception cref="InvalidDataException">One is not an image that qbackup has made.</exception>
    public static ImageChain Open(string path, bool alone = false)
    {
        ProcessLimits.RaiseOpenFiles();
        var chain = new ImageChain();
        try
        {
            using var folder = FolderFiles.OpenFolderOf(path);
            var names = new HashSet<string>();
            for (var name = Path.GetFileName(path); name is not null;)
            {
                if (name is "" or "." or ".." || name.AsSpan().ContainsAny('/', ':', '\0') || !names.Add(name) || names.Count > MaxLevels)
                    throw new InvalidDataException("an image is built on something that is not an image beside it");
                var file = folder.OpenFile(name);
                try
                {
                    chain._levels.Add(new ImageLevel(name, file, Qcow2Header.Read(file, name)));
                }
                catch
                {
                    file.Dispose();
                    throw;
                }

                name = alone ? null : chain._levels[^1].Header.BackingFile;
            }

            return chain;
        }
        catch
        {
            chain.Dispose();
            throw;
        }
    }

    /// <summary>The images, the topmost first.</summary>
    public IReadOnlyList<ImageLevel> Levels => _levels;

    /// <summary>Makes the links.</summary>
    /// <param name="folder">A folder that only this user can enter.</param>
    /// <param name="second">A file that takes the place of the image below the first; null for that image itself.</param>
    /// <returns>The image's path there.</returns>
    public string LinkInto(string folder, string? second = null)
    {
        for (var i = 0; i < _levels.Count; i++)
        {
            var (name, file, _) = _levels[i];
            File.CreateSymbolicLink(Path.Combine(folder, name), i == 1 && second is not null ? second : OpenFolder.PathOf(file));
        }

        return Path.Combine(folder, _levels[0].Name);
    }

    /// <summary>
    /// Waits until a program has opened what it reads, and makes sure that this is nothing but these images. A program that ends first is
    /// not judged: what it wrote has to be compared with what it should be, which the caller does in any case.
    /// </summary>
    /// <param name="process">The program, which opens what it writes after all that it reads.</param>
    /// <param name="target">The path of what it writes.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="BackupException">
    /// It has opened something else, or does not come to an end of opening: a name in a header may lead to what never answers.
    /// </exception>
    public async Task RequireNothingElseAsync(Process process, string target, TimeProvider time, CancellationToken cancellationToken)
    {
        var begin = time.GetTimestamp();
        while (!process.HasExited)
        {
            if (HasOpened(process, target) is { } written)
            {
                await RequireNothingElseAsync(process, written, time, cancellationToken).ConfigureAwait(false);
                return;
            }

            if (time.GetElapsedTime(begin) > OpenTimeout)
            {
                throw new BackupException(BackupErrorCode.TimedOut, $"The image {_levels[0].Name} was not opened in time.",
                    "Check whether the repository's file system answers, and whether another program writes to the repository.");
            }

            await Task.Delay(OpenPause, time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Makes sure that a program has opened nothing but these: a header may have been rewritten while it was started.</summary>
    /// <param name="process">The program, which has opened all that it will.</param>
    /// <param name="written">What else it may have opened: the file that it writes.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="BackupException">It has opened something else.</exception>
    public async Task RequireNothingElseAsync(
        Process process, FileIdentity? written, TimeProvider time, CancellationToken cancellationToken)
    {
        var allowed = _levels.Select(l => FileStatus.Of(l.File).Identity).ToHashSet();
        if (written is { } target)
            allowed.Add(target);
        try
        {
            // The C library opens what the kernel tells, such as /proc/meminfo, for a moment. An image stays open.
            var others = OthersOf(process, allowed);
            for (var look = 1; look < Looks && others.Count > 0 && others.Values.All(IsOfKernel); look++)
            {
                await Task.Delay(LookPause, time, cancellationToken).ConfigureAwait(false);
                var still = OthersOf(process, allowed);
                others = others.Where(o => still.ContainsKey(o.Key)).ToDictionary();
            }

            if (others.Count == 0)
                return;
            throw new BackupException(BackupErrorCode.Storage,
                $"The image {_levels[0].Name} was changed while it was opened: it leads to {others.Values.First()}.",
                Advice.Of($"Another program writes to the repository: only root and the user of {Feature.Program} should be able to."));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What it has written is compared with what it should be.
            if (process.HasExited)
                return;
            throw new BackupException(
                BackupErrorCode.Storage, $"It cannot be told which files {process.ProcessName} has opened: {e.Message}", null, e);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var level in _levels)
            level.File.Dispose();
    }

    private static FileIdentity? HasOpened(Process process, string target)
    {
        if (FileStatus.Of(target) is not { Identity: var wanted })
            return null;
        try
        {
            return DescriptorsOf(process).Any(path => FileStatus.Of(path)?.Identity == wanted) ? wanted : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static Dictionary<FileIdentity, string> OthersOf(Process process, HashSet<FileIdentity> allowed)
    {
        var others = new Dictionary<FileIdentity, string>();
        foreach (var path in DescriptorsOf(process))
        {
            // A script that starts the program holds itself open.
            if (FileStatus.Of(path) is not { Kind: FileKind.Regular or FileKind.BlockDevice } status || allowed.Contains(
                status.Identity) || NameOf(path) is not { } name || IsScript(name, process))
            {
                continue;
            }

            others[status.Identity] = name;
        }

        return others;
    }

    private static bool IsOfKernel(string name) =>
        name.StartsWith("/proc/", StringComparison.Ordinal) || name.StartsWith("/sys/", StringComparison.Ordinal);

    private static string? NameOf(string path)
    {
        try
        {
            return File.ResolveLinkTarget(path, returnFinalTarget: false)?.FullName;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            // Closed in this moment.
            return null;
        }
    }

    private static IEnumerable<string> DescriptorsOf(Process process) =>
        Directory.EnumerateFileSystemEntries(string.Create(CultureInfo.InvariantCulture, $"/proc/{process.Id}/fd"));

    private static bool IsScript(string name, Process process) =>
        File.ReadAllText(
            string.Create(CultureInfo.InvariantCulture, $"/proc/{process.Id}/cmdline")).Split('\0').Skip(1).FirstOrDefault() == name;
}
