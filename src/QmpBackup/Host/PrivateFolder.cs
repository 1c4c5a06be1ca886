namespace QmpBackup.Host;

/// <summary>A folder for a socket and links that only this user can enter, and that is removed in the end.</summary>
internal sealed class PrivateFolder : IDisposable
{
    private PrivateFolder(string path) => Path = path;

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>Makes one.</summary>
    /// <exception cref="BackupException">There is no place for it.</exception>
    public static PrivateFolder Make() => new(SocketFolder.Make(SocketFolder.Places));

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A left-over folder with links is no reason to fail a backup.
        }
    }
}

/// <summary>
/// A folder that only this user can enter, for the socket of a program. It is made in the first place that is writable: no place is
/// writable on every host.
/// </summary>
internal static class SocketFolder
{
    // sun_path holds 107 characters, and the folder's name and the socket's have to go in, too.
    private const int MaxLength = 60;

    /// <summary>Where to try, best first: where temporary files are to be, where sockets are, in memory, and the usual places.</summary>
    public static IEnumerable<string> Places => new[] { Environment.GetEnvironmentVariable("TMPDIR"),
        Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR"), "/tmp", "/run", "/dev/shm", "/var/tmp" }
        .OfType<string>().Where(place => place.StartsWith('/') && place.Length <= MaxLength).Distinct();

    /// <summary>Makes it.</summary>
    /// <param name="places">Where to try, in this order.</param>
    /// <returns>Its path.</returns>
    /// <exception cref="BackupException">It can be made nowhere.</exception>
    public static string Make(IEnumerable<string> places)
    {
        if (OperatingSystem.IsWindows())
            throw new PlatformNotSupportedException();
        var failures = new List<string>();
        foreach (var place in places)
        {
            // A missing place is not made: it would be left behind.
            if (!Directory.Exists(place))
                continue;
            var folder = Path.Combine(place, "qbackup-nbd-" + Path.GetRandomFileName());
            try
            {
                Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
                return folder;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                failures.Add(FileFailure.Explain(folder, e));
            }
        }

        throw new BackupException(BackupErrorCode.Storage,
            $"There is no place for the socket of qemu-nbd{(failures.Count > 0 ? $": {string.Join("; ", failures)}" : "")}.",
                "Set TMPDIR to a folder that this user can write to.");
    }
}
