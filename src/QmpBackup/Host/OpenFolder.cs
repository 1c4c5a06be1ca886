using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace QmpBackup.Host;

/// <summary>
/// A folder that is held open. All work is done in this folder, even if its path leads elsewhere later, and no link in it is
/// followed. Names are names, never paths.
/// </summary>
internal sealed class OpenFolder : IDisposable
{
    private const int ReadOnly = 0;
    private const int ReadWrite = 2;
    private const int Create = 0x40;
    private const int Exclusive = 0x80;
    private const int NonBlocking = 0x800;
    private const int PathOnly = 0x200000;
    private const int RemoveFolderFlag = 0x200;
    private const uint NoReplace = 1;
    private const uint OwnerOnly = 0b110_000_000;
    private const uint OwnerOnlyFolder = 0b111_000_000;

    private static readonly bool IsArm = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm;
    private static readonly int FolderOnly = IsArm ? 0x4000 : 0x10000;
    private static readonly int NoFollow = IsArm ? 0x8000 : 0x20000;

    private OpenFolder(SafeFileHandle handle, string path) => (Handle, Path) = (handle, path);

    /// <summary>The descriptor.</summary>
    public SafeFileHandle Handle { get; }

    /// <summary>The path that it was opened by, for messages.</summary>
    public string Path { get; }

    /// <summary>A path by which another process can open a file of this process: the same file, even if it was renamed.</summary>
    /// <param name="file">The file.</param>
    public static string PathOf(SafeFileHandle file) =>
        string.Create(CultureInfo.InvariantCulture, $"/proc/{Environment.ProcessId}/fd/{file.DangerousGetHandle()}");

    /// <summary>Opens a folder by its path, links followed.</summary>
    /// <param name="path">The path.</param>
    /// <param name="toWalk">Whether it is only to be walked through, which needs no right to read it.</param>
    /// <exception cref="IOException">It cannot be opened, or is not a folder.</exception>
    public static OpenFolder Open(string path, bool toWalk = false) =>
        new(Checked(Syscalls.Open(path, (toWalk ? PathOnly : ReadOnly) | FolderOnly | Syscalls.CloseOnExec), path), path);

    /// <summary>
    /// Opens a folder by its path. The last names are those of folders that qbackup made: none of them may be a link.
    /// </summary>
    /// <param name="path">An absolute path. What this process holds open may be named as <see cref="PathOf"/> does.</param>
    /// <param name="ours">How many names those are.</param>
    /// <exception cref="IOException">It cannot be opened, or is not a folder.</exception>
    public static OpenFolder OpenOurs(string path, int ours)
    {
        var names = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (names.Length < ours || path.StartsWith("/proc/", StringComparison.Ordinal))
            return Open(path);
        var folder = Open("/" + string.Join('/', names[..^ours]), toWalk: true);
        for (var i = names.Length - ours; i < names.Length; i++)
        {
            using var above = folder;
            folder = above.OpenChild(names[i], toWalk: i < names.Length - 1);
        }

        return folder;
    }

    /// <summary>Opens a folder in it.</summary>
    /// <param name="name">Its name, or <c>.</c> for this very folder, to have it once more.</param>
    /// <param name="toWalk">Whether it is only to be walked through.</param>
    /// <exception cref="IOException">It cannot be opened, or is not a folder.</exception>
    public OpenFolder OpenChild(string name, bool toWalk = false)
    {
        var path = name == "." ? Path : Of(name);
        return new OpenFolder(Checked(
            Syscalls.OpenAt(Handle, name, (toWalk ? PathOnly : ReadOnly) | FolderOnly | NoFollow | Syscalls.CloseOnExec, 0), path), path);
    }

    /// <summary>Makes a folder that only this user can enter, and opens it.</summary>
    /// <param name="name">Its name; there must be nothing of that name.</param>
    /// <exception cref="IOException">It cannot be made.</exception>
    public OpenFolder MakeChild(string name)
    {
        if (Syscalls.MkdirAt(Handle, name, OwnerOnlyFolder) != 0)
            throw FileFailure.Last(Of(name));
        var made = OpenChild(name);
        try
        {
            made.SetMode(made.Handle, OwnerOnlyFolder);
            return FileStatus.Of(made.Handle).Owner == CurrentUser ? made
                : throw new IOException($"{made.Path} is not the folder that was just made.");
        }
        catch
        {
            made.Dispose();
            throw;
        }
    }

    /// <summary>Makes a file that only this user can read and write, whatever the umask, and opens it for both.</summary>
    /// <param name="name">Its name; there must be nothing of that name.</param>
    /// <exception cref="IOException">It cannot be made.</exception>
    public SafeFileHandle CreateFile(string name)
    {
        var file = Checked(
            Syscalls.OpenAt(Handle, name, ReadWrite | Create | Exclusive | NoFollow | Syscalls.CloseOnExec, OwnerOnly), Of(name));
        try
        {
            SetMode(file, OwnerOnly);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Opens a file in it. Nothing but regular files and, where they are asked for, block devices; nothing that makes the caller wait, and
    /// no link.
    /// </summary>
    /// <param name="name">Its name.</param>
    /// <param name="write">Whether it is to be written, too.</param>
    /// <param name="device">Whether it is to be a block device, opened for this process alone.</param>
    /// <exception cref="IOException">It cannot be opened.</exception>
    /// <exception cref="InvalidDataException">It is something else.</exception>
    public SafeFileHandle OpenFile(string name, bool write = false, bool device = false)
    {
        var flags = (write ? ReadWrite : ReadOnly) | (device ? Exclusive : 0) | NonBlocking | NoFollow | Syscalls.CloseOnExec;
        var file = Syscalls.OpenAt(Handle, name, flags, 0);
        if (file.IsInvalid)
        {
            throw Marshal.GetLastPInvokeError() == FileFailure.IsLink ? new InvalidDataException($"{Of(name)} is a link")
                : FileFailure.Last(Of(name));
        }

        if (FileStatus.Of(file).Kind == (device ? FileKind.BlockDevice : FileKind.Regular))
            return file;
        file.Dispose();
        throw new InvalidDataException($"{Of(name)} is not a {(device ? "block device" : "regular file")}");
    }

    /// <summary>
    /// Takes the right to open a file from other users. Nothing is written if they do not have it: a file system that hangs would delay the
    /// caller.
    /// </summary>
    /// <param name="file">The file.</param>
    /// <exception cref="IOException">The file system refuses it.</exception>
    public void Restrict(SafeFileHandle file)
    {
        if ((FileStatus.Of(file).Mode & ~OwnerOnly) != 0)
            SetMode(file, OwnerOnly);
    }

    /// <summary>Gives an open file or folder to another user.</summary>
    /// <param name="file">The file or folder.</param>
    /// <param name="user">The user.</param>
    /// <param name="group">The group.</param>
    /// <exception cref="IOException">The kernel refuses it.</exception>
    public void Give(SafeFileHandle file, uint user, uint group)
    {
        if (Syscalls.Fchown(file, user, group) != 0)
            throw FileFailure.Last(Path);
    }

    /// <summary>What there is of a name; a link is a link.</summary>
    /// <returns>Null where there is nothing.</returns>
    /// <exception cref="IOException">The kernel does not say.</exception>
    public FileStatus? Find(string name) => FileStatus.Of(Handle, name, Of(name));

    /// <summary>Where a link leads, as it is written in it.</summary>
    /// <exception cref="IOException">It is not a link.</exception>
    public string ReadLink(string name)
    {
        Span<byte> text = stackalloc byte[4096];
        var length = Syscalls.ReadlinkAt(Handle, name, text, text.Length);
        return length >= 0 ? Encoding.UTF8.GetString(text[..(int)length]) : throw FileFailure.Last(Of(name));
    }

    /// <summary>Gives a file another name.</summary>
    /// <param name="from">Its name.</param>
    /// <param name="to">The new one.</param>
    /// <param name="replace">Whether what has that name is replaced.</param>
    /// <exception cref="IOException">It cannot, or there is something of that name.</exception>
    public void Rename(string from, string to, bool replace)
    {
        if (replace)
        {
            if (Syscalls.RenameAt(Handle, from, Handle, to) != 0)
                throw FileFailure.Last(Of(to));
            return;
        }

        if (Syscalls.RenameAt2(Handle, from, Handle, to, NoReplace) == 0)
            return;
        // NFS and some others have no such rename. A hard link is refused, too, if there is a file of that name.
        if (Marshal.GetLastPInvokeError() is not (FileFailure.Invalid or FileFailure.NoSystemCall or FileFailure.NotSupported))
            throw FileFailure.Last(Of(to));
        if (Syscalls.LinkAt(Handle, from, Handle, to, 0) == 0)
        {
            Remove(from);
            return;
        }

        if (Marshal.GetLastPInvokeError() is not (FileFailure.NotAllowed or FileFailure.NotSupported or FileFailure.NoSystemCall))
            throw FileFailure.Last(Of(to));
        // A file system without both: between this check and the rename a file may appear.
        if (Find(to) is not null)
            throw FileFailure.Of(FileFailure.Exists, Of(to));
        Rename(from, to, replace: true);
    }

    /// <summary>Removes a file; a link, and not what it leads to.</summary>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="IOException">It cannot be removed.</exception>
    public bool Remove(string name) => RemoveAt(name, 0);

    /// <summary>Removes an empty folder.</summary>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="IOException">It cannot be removed.</exception>
    public bool RemoveChild(string name) => RemoveAt(name, RemoveFolderFlag);

    /// <summary>The names of what is in it, in no order.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public IEnumerable<string> Names() => Directory.EnumerateFileSystemEntries(PathOf(Handle)).Select(System.IO.Path.GetFileName)!;

    /// <summary>Puts its entries on stable storage.</summary>
    /// <exception cref="IOException">The file system failed to.</exception>
    public void Flush()
    {
        if (Syscalls.Fsync(Handle) == 0)
            return;
        // CIFS and some FUSE file systems cannot flush a folder, and say so.
        if (Marshal.GetLastPInvokeError() is not (FileFailure.Invalid or FileFailure.NotSupported))
            throw FileFailure.Last($"fsync of {Path}");
    }

    /// <inheritdoc/>
    public void Dispose() => Handle.Dispose();

    /// <summary>The user that this process acts as.</summary>
    public static uint CurrentUser { get; } = Syscalls.Geteuid();

    /// <summary>The group that this process acts as.</summary>
    public static uint CurrentGroup { get; } = Syscalls.Getegid();

    private string Of(string name) => System.IO.Path.Combine(Path, name);

    private bool RemoveAt(string name, int flags)
    {
        if (Syscalls.UnlinkAt(Handle, name, flags) == 0)
            return true;
        return Marshal.GetLastPInvokeError() == FileFailure.NotFound ? false : throw FileFailure.Last(Of(name));
    }

    private void SetMode(SafeFileHandle file, uint mode)
    {
        // File systems without modes have one mode for everything.
        if (Syscalls.Fchmod(file, mode) != 0 && Marshal.GetLastPInvokeError() is not (FileFailure.NotAllowed or FileFailure.NotSupported))
            throw FileFailure.Last(Path);
    }

    private static SafeFileHandle Checked(SafeFileHandle handle, string path) => handle.IsInvalid ? throw FileFailure.Last(path) : handle;
}
