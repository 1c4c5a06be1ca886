using System.Net.Sockets;
using QmpBackup.Model;
using QmpBackup.Qmp;

namespace QmpBackup.Host;

/// <summary>
/// A scratch folder of this product, held open, so that what was checked is what is worked on. Its path may come from QEMU: it must have
/// the name of a scratch folder, be a real folder and belong to the user of the VM, and no other process may serve the socket in it.
/// </summary>
internal sealed class OwnedFolder : IDisposable
{
    private const uint OthersWrite = 0b010_010;

    private readonly OpenFolder _folder;

    private OwnedFolder(OpenFolder folder, SessionNames session) => (_folder, Session) = (folder, session);

    /// <summary>The names of the session that it belongs to.</summary>
    public SessionNames Session { get; }

    /// <summary>The names of what is in it.</summary>
    public IEnumerable<string> Names => [.. _folder.Names()];

    /// <summary>Whether a process listens at the socket in it.</summary>
    public bool IsServed => Server is not null;

    // The process that listens at the socket in it; 0 where one does and it cannot be told which, null where none does.
    private int? Server => ServerOf(Path.Combine(_folder.Path, Session.Socket));

    // Of a start that was cut off before it could hand the folder over: no image is in it then.
    private bool IsUnused => !Names.Any(n => n != Session.Mark);

    /// <summary>Opens it.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="owner">The process that it was made for.</param>
    /// <param name="obstacle">Why it is not to be touched; null where it is not there.</param>
    /// <returns>The folder; null where it is not there, or not to be touched.</returns>
    public static OwnedFolder? TryOpen(string path, VmProcess owner, out string? obstacle)
    {
        var folder = TryOpen(path, out obstacle);
        if (folder is null)
            return null;
        var user = FileStatus.Of(folder._folder.Handle).Owner;
        obstacle = user != owner.UserId
            && !(user == OpenFolder.CurrentUser && folder.IsUnused) ? $"it belongs to user {user}, and QEMU runs as user {owner.UserId}"
            : folder.Server is { } server
                && server != owner.Pid ? "another process listens at the socket in it: it belongs to another backup"
            : null;
        if (obstacle is null)
            return folder;
        folder.Dispose();
        return null;
    }

    /// <summary>Looks at a folder and what is in it. Changes nothing.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="process">The VM.</param>
    /// <returns>What it is; null where it is no scratch folder, or of another user.</returns>
    public static ScratchFolder? Look(string path, VmProcess process)
    {
        using var folder = TryOpen(path, out _);
        if (folder is null)
            return null;
        try
        {
            var status = FileStatus.Of(folder._folder.Handle);
            if (status.Owner != process.UserId && status.Owner != OpenFolder.CurrentUser)
                return null;
            var mark = folder.ReadMark();
            return new ScratchFolder(path, folder.Session.Tag)
            {
                Mark = mark,
                IsPrivate = (status.Mode & OthersWrite) == 0,
                // The socket last: whoever listens there sees that somebody looks.
                IsHeld = IsOfRunningVm(mark, process) || folder.Names.Where(folder.Session.Owns).Any(folder.IsHeld) || folder.IsServed,
            };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It goes away this moment, or its file system fails.
            return null;
        }
    }

    /// <summary>Which process other than the VM's, and than this one, has a file open.</summary>
    /// <param name="name">The name, without folder.</param>
    /// <param name="owner">The VM's process.</param>
    /// <returns>Which; null where none can be seen, and where there is no regular file of that name.</returns>
    public string? OtherUserOf(string name, VmProcess owner)
    {
        try
        {
            using var file = _folder.OpenFile(name);
            return FileUsers.FindOther(file, owner.Pid);
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            return null;
        }
    }

    /// <summary>Removes a file, or a link but not what it leads to. A folder of that name stays: qbackup makes none.</summary>
    /// <param name="name">The name, without folder.</param>
    /// <exception cref="IOException">The system refuses it.</exception>
    public void Unlink(string name)
    {
        try
        {
            _folder.Remove(name);
        }
        catch (IOException e) when (e.HResult == FileFailure.IsFolder)
        {
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _folder.Dispose();

    private static OwnedFolder? TryOpen(string path, out string? obstacle)
    {
        obstacle = null;
        var name = Path.GetFileName(path);
        if (SessionNames.OfDirectory(name) is not { } session)
        {
            obstacle = "its name is not that of a scratch folder";
            return null;
        }

        try
        {
            using var parent = OpenFolder.Open(Path.GetDirectoryName(path)!, toWalk: true);
            return new OwnedFolder(parent.OpenChild(name), session);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (IOException e)
        {
            obstacle = e.HResult is FileFailure.NoFolder or FileFailure.IsLink
                ? "it is a link or a file, and not a scratch folder" : FileFailure.ReasonOf(e);
            return null;
        }
    }

    // Its backup may be about to be opened: nothing holds the folder then. Our own VM tells whether it has one.
    private static bool IsOfRunningVm(ScratchMark? mark, VmProcess process) =>
        mark is { Pid: > 0, BeganAt: > 0 } && mark.Pid != process.Pid && ProcessAge.BeganAt(mark.Pid) == mark.BeganAt;

    private ScratchMark? ReadMark()
    {
        try
        {
            return ScratchMark.TryParse(_folder.ReadAll(Session.Mark, ScratchMark.MaxLength), Session.Tag);
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            return null;
        }
    }

    private bool IsHeld(string name)
    {
        try
        {
            using var file = _folder.OpenFile(name);
            return FileUsers.IsHeld(file);
        }
        catch (FileNotFoundException)
        {
            return false;
        }
        catch (InvalidDataException)
        {
            // No regular file: a socket, and whether somebody listens there is known.
            return false;
        }
        catch (IOException e)
        {
            // A socket cannot be opened; what may not be opened could be in use.
            return e.HResult != FileFailure.NoDevice;
        }
    }

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
}
