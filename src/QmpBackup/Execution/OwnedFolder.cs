using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using QmpBackup.Host;
using QmpBackup.Qmp;

namespace QmpBackup.Execution;

/// <summary>
/// A scratch folder of ours, held open, so that what was checked is what is worked on. Its path may come from QEMU: it must bear a name of ours, be a real folder and
/// belong to the user of the VM, and no other process may serve the socket in it.
/// </summary>
internal sealed partial class OwnedFolder : IDisposable
{
    private const int NoEntry = 2;
    private const int NotADirectory = 20;
    private const int IsADirectory = 21;
    private const int TooManyLinks = 40;
    private const int EmptyPath = 0x1000; // AT_EMPTY_PATH
    private const uint OwnerWanted = 0x8; // STATX_UID
    private const int OwnerOffset = 20;

    // O_DIRECTORY, O_NOFOLLOW, O_CLOEXEC. The first two have other numbers on ARM.
    private static readonly int OpenDirectoryOnly =
        (RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x4000 | 0x8000 : 0x10000 | 0x20000) | 0x80000;

    private readonly SafeFileHandle _handle;
    private readonly string _path;

    private OwnedFolder(SafeFileHandle handle, string path, SessionNames session) => (_handle, _path, Session) = (handle, path, session);

    /// <summary>The names of the session that it belongs to.</summary>
    public SessionNames Session { get; }

    /// <summary>The names of what is in it.</summary>
    public IEnumerable<string> Names => Directory.EnumerateFileSystemEntries($"/proc/self/fd/{_handle.DangerousGetHandle()}").Select(entry => Path.GetFileName(entry)).ToList();

    /// <summary>Whether a process listens at the socket in it.</summary>
    public bool IsServed => ServerOf(Path.Combine(_path, Session.Socket)) is not null;

    /// <summary>Opens it.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="owner">The process that it was made for.</param>
    /// <param name="obstacle">Why it is not to be touched; null where it is not there.</param>
    /// <returns>The folder; null where it is not there, or not to be touched.</returns>
    public static OwnedFolder? TryOpen(string path, VmProcess owner, out string? obstacle)
    {
        obstacle = null;
        var name = Path.GetFileName(path);
        if (!SessionNames.IsOurDirectory(name))
        {
            obstacle = "it does not bear the name of a scratch folder";
            return null;
        }

        var handle = Open(path, OpenDirectoryOnly);
        if (handle.IsInvalid)
        {
            var errno = Marshal.GetLastPInvokeError();
            handle.Dispose();
            if (errno != NoEntry)
                obstacle = errno is NotADirectory or TooManyLinks ? "it is a link or a file, and not a folder that qbackup made" : Marshal.GetPInvokeErrorMessage(errno);
            return null;
        }

        var folder = new OwnedFolder(handle, path, new SessionNames(name["qbackup-".Length..]));
        obstacle = folder.Owner() is not { } user ? "its owner cannot be told"
            // Of a start that was cut off before it could hand the folder over: nothing is in it then.
            : user != owner.UserId && !(user == GetEffectiveUserId() && !folder.Names.Any()) ? $"it belongs to user {user}, and QEMU runs as user {owner.UserId}"
            : ServerOf(Path.Combine(path, folder.Session.Socket)) is { } server && server != owner.Pid ? "another process listens at the socket in it: it belongs to another backup"
            : null;
        if (obstacle is null)
            return folder;
        folder.Dispose();
        return null;
    }

    /// <summary>Which process other than the VM's, and than this one, has a file open.</summary>
    /// <param name="name">The name, without folder.</param>
    /// <param name="owner">The VM's process.</param>
    /// <returns>Which; null where none can be seen, and where there is no regular file of that name.</returns>
    public string? OtherUserOf(string name, VmProcess owner)
    {
        try
        {
            using var folder = OpenFolder.Open($"/proc/self/fd/{_handle.DangerousGetHandle()}");
            using var file = folder.OpenFile(name);
            return FileUsers.FindOther(file, owner.Pid);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return null;
        }
    }

    /// <summary>Removes a file, or a link but not what it leads to. A folder of that name stays: qbackup makes none.</summary>
    /// <param name="name">The name, without folder.</param>
    /// <exception cref="IOException">The system refuses it.</exception>
    public void Unlink(string name)
    {
        if (UnlinkAt(_handle, name, 0) == 0)
            return;
        var errno = Marshal.GetLastPInvokeError();
        if (errno is not (NoEntry or IsADirectory))
            throw new IOException($"Cannot remove {Path.Combine(_path, name)}: {Marshal.GetPInvokeErrorMessage(errno)}.");
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    // The process that listens at a socket; 0 where somebody does and it cannot be told who, null where nobody does.
    private static int? ServerOf(string path)
    {
        if (!Path.Exists(path))
            return null;
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { Blocking = false };
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return UnixPeerCredentials.TryGet(socket)?.ProcessId ?? 0;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.WouldBlock ? 0 : null;
        }
        catch (ArgumentException)
        {
            return null; // Too long a path for any socket.
        }
    }

    private uint? Owner()
    {
        Span<byte> status = stackalloc byte[256];
        return StatusAt(_handle, "", EmptyPath, OwnerWanted, status) != 0 ? null
            : BitConverter.IsLittleEndian ? BinaryPrimitives.ReadUInt32LittleEndian(status[OwnerOffset..]) : BinaryPrimitives.ReadUInt32BigEndian(status[OwnerOffset..]);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "unlinkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int UnlinkAt(SafeFileHandle folder, string path, int flags);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatusAt(SafeFileHandle folder, string path, int flags, uint mask, Span<byte> status);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUserId();
}
