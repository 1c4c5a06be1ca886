using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace QmpBackup.Host;

/// <summary>Puts files on disk so that a power failure leaves the old one or the new one.</summary>
internal static partial class SafeFile
{
    private const uint BeginWrite = 2;

    /// <summary>Writes a file: temporary name, fsync, rename, fsync of the folder.</summary>
    /// <param name="path">The file.</param>
    /// <param name="content">All of it.</param>
    public static void Replace(string path, ReadOnlySpan<byte> content)
    {
        using var folder = FolderFiles.OpenFolderOf(path);
        folder.Replace(Path.GetFileName(path), content);
    }

    /// <summary>Puts a file's content on stable storage, whoever wrote it.</summary>
    /// <param name="path">The file.</param>
    public static void Flush(string path)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        Flush(file, path);
    }

    /// <summary>Puts an open file's content on stable storage.</summary>
    /// <param name="file">The file.</param>
    /// <param name="path">Its name, to tell.</param>
    public static void Flush(SafeFileHandle file, string path) => FolderFiles.Flush(file, path);

    /// <summary>Asks the kernel to write a part of a file to the disk now. A hint: nothing is promised.</summary>
    /// <param name="file">The file.</param>
    /// <param name="offset">Where the part begins, in bytes.</param>
    /// <param name="length">How long it is, in bytes.</param>
    public static void BeginWriteback(SafeFileHandle file, long offset, long length) => _ = SyncRange(file, offset, length, BeginWrite);

    /// <summary>Puts a folder's entries on stable storage.</summary>
    /// <param name="path">The folder.</param>
    public static void FlushFolder(string path)
    {
        using var folder = OpenFolder.Open(path);
        folder.Flush();
    }

    [LibraryImport("libc", EntryPoint = "sync_file_range", SetLastError = true)]
    private static partial int SyncRange(SafeFileHandle file, long offset, long length, uint flags);
}
