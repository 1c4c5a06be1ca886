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
            // A folder with nothing but links in it is no reason to fail a backup.
        }
    }
}
