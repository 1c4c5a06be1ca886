using System.Diagnostics;
using System.Globalization;
using Microsoft.Win32.SafeHandles;
using QmpBackup.Files;

namespace QmpBackup.Hosting;

/// <summary>
/// A qcow2 image and those below it, held open and looked at before a program gets them. The program finds them in a folder that only this user can enter, as links to what is held open here:
/// a name in a header leads to an image that was checked, or to nothing. Afterwards it is told whether the program has opened anything else.
/// </summary>
internal sealed class ImageChain : IDisposable
{
    private const int MaxLevels = 10_000;

    private readonly List<(string Name, SafeFileHandle File)> _levels = [];

    private ImageChain()
    {
    }

    /// <summary>Opens an image and those below it, all in one folder.</summary>
    /// <param name="path">The image.</param>
    /// <param name="alone">Whether what it is built on is left out.</param>
    /// <exception cref="IOException">One is missing, or cannot be read.</exception>
    /// <exception cref="InvalidDataException">One is no image that qbackup has made.</exception>
    public static ImageChain Open(string path, bool alone = false)
    {
        ProcessLimits.RaiseOpenFiles();
        var chain = new ImageChain();
        try
        {
            using var folder = OpenFolder.Open(Path.GetDirectoryName(path)!);
            var names = new HashSet<string>();
            for (var name = Path.GetFileName(path); name is not null;)
            {
                if (name is "" or "." or ".." || name.AsSpan().ContainsAny('/', ':', '\0') || !names.Add(name) || names.Count > MaxLevels)
                    throw new InvalidDataException("an image is built on what is no image beside it");
                var file = folder.OpenFile(name);
                chain._levels.Add((name, file));
                var header = Qcow2Header.Read(file, name);
                name = alone ? null : header.BackingFile;
            }

            return chain;
        }
        catch
        {
            chain.Dispose();
            throw;
        }
    }

    /// <summary>Makes the links.</summary>
    /// <param name="folder">A folder that only this user can enter.</param>
    /// <returns>The image's path there.</returns>
    public string LinkInto(string folder)
    {
        foreach (var (name, file) in _levels) File.CreateSymbolicLink(Path.Combine(folder, name), OpenFolder.PathOf(file));
        return Path.Combine(folder, _levels[0].Name);
    }

    /// <summary>Makes sure that a program has opened nothing but these: a header may have been written anew while it was started.</summary>
    /// <param name="process">The program, which has opened all that it will.</param>
    /// <exception cref="BackupException">It has opened something else.</exception>
    public void RequireNothingElse(Process process)
    {
        var allowed = _levels.Select(l => FileStatus.Of(l.File).Identity).ToHashSet();
        try
        {
            foreach (var path in Directory.EnumerateFileSystemEntries(string.Create(CultureInfo.InvariantCulture, $"/proc/{process.Id}/fd")))
            {
                // A script that starts the program holds itself open.
                if (FileStatus.Of(path) is not { Kind: FileKind.Regular or FileKind.BlockDevice } status || allowed.Contains(status.Identity) || IsScript(path, process)) continue;
                throw new BackupException(BackupErrorCode.Storage, $"The image {_levels[0].Name} was changed while it was opened: it leads to {File.ResolveLinkTarget(path, false)?.FullName}.",
                    "Somebody else writes to the repository: let nobody but root and the user of qbackup do that.");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BackupException(BackupErrorCode.Storage, $"It cannot be told which files {process.ProcessName} has opened: {e.Message}", null, e);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, file) in _levels) file.Dispose();
    }

    private static bool IsScript(string path, Process process)
    {
        var target = File.ResolveLinkTarget(path, returnFinalTarget: false)?.FullName;
        return target is not null && File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{process.Id}/cmdline")).Split('\0').Skip(1).FirstOrDefault() == target;
    }
}
