using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace QmpBackup.Host;

/// <summary>Reads and writes whole files of a folder that is held open.</summary>
internal static class FolderFiles
{
    private const int Shared = 1;
    private const int Exclusive = 2;
    private const int NonBlocking = 4;
    private const int WouldBlock = 11;

    // The folders of a VM, a chain and a disk.
    private const int OurFolders = 3;

    /// <summary>Reads a small file.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="name">The file's name.</param>
    /// <param name="maxLength">The most bytes that it may have.</param>
    /// <exception cref="IOException">It is not there, or cannot be read.</exception>
    /// <exception cref="InvalidDataException">It is not a regular file, or it is too long.</exception>
    public static byte[] ReadAll(this OpenFolder folder, string name, int maxLength)
    {
        using var file = folder.OpenFile(name);
        if (RandomAccess.GetLength(file) > maxLength)
            throw new InvalidDataException($"{name} is too long");
        // It may grow while it is read.
        var bytes = new byte[maxLength + 1 < 4096 ? maxLength + 1 : (int)Math.Min(RandomAccess.GetLength(file) + 1, maxLength + 1L)];
        var length = 0;
        for (int read; length < bytes.Length && (read = RandomAccess.Read(file, bytes.AsSpan(length), length)) > 0;)
            length += read;
        return bytes[..length];
    }

    /// <summary>Reads a part of a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="bytes">Receives the part.</param>
    /// <param name="offset">Where it begins, in bytes.</param>
    /// <returns>False if the file ends before it.</returns>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static bool TryRead(this SafeFileHandle file, Span<byte> bytes, long offset)
    {
        while (!bytes.IsEmpty)
        {
            var read = RandomAccess.Read(file, bytes, offset);
            if (read == 0)
                return false;
            bytes = bytes[read..];
            offset += read;
        }

        return true;
    }

    /// <summary>
    /// Writes a file so that a power failure leaves the old one or the new one: random temporary name, fsync, rename, fsync of the folder.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="name">The file's name; the temporary one begins with it.</param>
    /// <param name="content">All of it.</param>
    /// <param name="cancellationToken">
    /// Stops it before the file gets its name: a slow file system may have delayed it until it is no longer wanted.
    /// </param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void Replace(
        this OpenFolder folder, string name, ReadOnlySpan<byte> content, CancellationToken cancellationToken = default)
    {
        var temporary = $"{name}.{Path.GetRandomFileName()}.tmp";
        try
        {
            using (var file = folder.CreateFile(temporary))
            {
                RandomAccess.Write(file, content, 0);
                Flush(file, Path.Combine(folder.Path, name));
            }

            cancellationToken.ThrowIfCancellationRequested();
            folder.Rename(temporary, name, replace: true);
        }
        catch
        {
            folder.TryRemove(temporary);
            throw;
        }

        folder.Flush();
    }

    /// <summary>Removes a file if it can be.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="name">The file's name.</param>
    public static void TryRemove(this OpenFolder folder, string name)
    {
        try
        {
            folder.Remove(name);
        }
        catch (IOException)
        {
            // The caller has a failure of its own to report, or does not need to know.
        }
    }

    /// <summary>Opens a folder in a folder, and makes it where it is not there.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="name">The name of the folder in it.</param>
    /// <exception cref="IOException">It cannot be opened or made, or is not a folder.</exception>
    public static OpenFolder OpenOrMakeChild(this OpenFolder folder, string name)
    {
        if (folder.Find(name) is not null)
            return folder.OpenChild(name);
        try
        {
            return folder.MakeChild(name);
        }
        catch (IOException e) when (e.HResult == FileFailure.Exists)
        {
            return folder.OpenChild(name);
        }
    }

    /// <summary>
    /// Opens the folder of a file of a disk in a repository, by the file's path. No link is followed that is in the repository.
    /// </summary>
    /// <param name="path">The file's path, <c>REPO/VM/CHAIN/DISK/FILE</c>; or in a folder that this process holds open.</param>
    /// <exception cref="IOException">It is not there, or is not a folder.</exception>
    public static OpenFolder OpenFolderOf(string path)
    {
        try
        {
            return OpenFolder.OpenOurs(Path.GetDirectoryName(path)!, OurFolders);
        }
        catch (FileNotFoundException e)
        {
            throw new DirectoryNotFoundException(e.Message, e);
        }
    }

    /// <summary>Opens a file of a disk in a repository for reading: a regular file, with no link on the way in the repository.</summary>
    /// <param name="path">The path, as for <see cref="OpenFolderOf"/>.</param>
    /// <exception cref="IOException">It is not there, or cannot be read.</exception>
    /// <exception cref="InvalidDataException">It is something else.</exception>
    public static SafeFileHandle OpenRead(string path)
    {
        using var folder = OpenFolderOf(path);
        try
        {
            return folder.OpenFile(Path.GetFileName(path));
        }
        catch (FileNotFoundException e)
        {
            throw new FileNotFoundException(e.Message, path, e);
        }
    }

    /// <summary>Puts an open file's content on stable storage.</summary>
    /// <param name="file">The file.</param>
    /// <param name="path">Its name, for messages.</param>
    /// <exception cref="IOException">The file system failed to.</exception>
    public static void Flush(SafeFileHandle file, string path)
    {
        // RandomAccess.FlushToDisk and FileStream.Flush ignore EIO.
        if (Syscalls.Fsync(file) != 0)
            throw FileFailure.Last($"fsync of {path}");
    }

    /// <summary>Tries to lock a file until it is closed.</summary>
    /// <param name="file">The file.</param>
    /// <param name="isShared">Whether others may lock it, too, if they also share it.</param>
    /// <returns>Whether no other process has locked it.</returns>
    public static bool TryLock(SafeFileHandle file, bool isShared = false)
    {
        // On a file system without locks every call succeeds.
        return Syscalls.Flock(file, (isShared ? Shared : Exclusive) | NonBlocking) == 0 || Marshal.GetLastPInvokeError() != WouldBlock;
    }
}

/// <summary>Puts files on disk so that a power failure leaves the old one or the new one.</summary>
internal static class SafeFile
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
    /// <param name="path">Its name, for messages.</param>
    public static void Flush(SafeFileHandle file, string path) => FolderFiles.Flush(file, path);

    /// <summary>Asks the kernel to write a part of a file to the disk now. A hint: nothing is promised.</summary>
    /// <param name="file">The file.</param>
    /// <param name="offset">Where the part begins, in bytes.</param>
    /// <param name="length">How long it is, in bytes.</param>
    public static void BeginWriteback(SafeFileHandle file, long offset, long length) =>
        _ = Syscalls.SyncFileRange(file, offset, length, BeginWrite);

    /// <summary>Writes bytes.</summary>
    /// <param name="file">The file.</param>
    /// <param name="bytes">The bytes.</param>
    /// <param name="offset">Where to, in bytes.</param>
    /// <param name="name">Its name, for messages.</param>
    /// <exception cref="IOException">They cannot be written.</exception>
    public static void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset, string name)
    {
        try
        {
            RandomAccess.Write(file, bytes, offset);
        }
        catch (IOException e) when (e.HResult > 0)
        {
            throw FileFailure.Of(e.HResult, name);
        }
    }
}
