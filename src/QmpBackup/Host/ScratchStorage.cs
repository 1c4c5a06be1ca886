using QmpBackup.Model;

namespace QmpBackup.Host;

/// <summary>
/// Makes and removes scratch folders on this host. Only files with names that qbackup makes are removed, whatever the path.
/// </summary>
internal static class ScratchStorage
{
    public static void RequireSpace(string directory, long bytes, long largestFile, VmProcess? process)
    {
        // Making the folder reports a missing directory.
        if (!Directory.Exists(directory))
            return;
        var room = new StorageRoom(directory, process);
        if (room.Look([]) is { } left && left.Bytes < bytes)
        {
            throw Error($"The scratch directory {directory} has {left.Bytes >> 20} MiB free{left.Because}, and what the guest overwrites "
                + $"while the backup is open may take {(bytes + (1 << 20) - 1) >> 20} MiB.",
                Advice.Of(
                    $"Name a directory with more room with {Feature.ScratchDirectory}. {Feature.IgnoreSpace} starts the backup anyway."));
        }

        if (room.LargestFile() is { } largest && largest < largestFile)
        {
            throw Error($"QEMU may write files of at most {largest >> 20} MiB (its limit on file sizes), and a scratch image may take "
                + $"{(largestFile + (1 << 20) - 1) >> 20} MiB.",
                Advice.Of(
                    $"Raise the limit: 'prlimit --pid {process!.Pid} --fsize=unlimited'. {Feature.IgnoreSpace} starts the backup anyway."));
        }
    }

    /// <summary>Makes a scratch folder that only QEMU's user can enter.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="owner">QEMU.</param>
    /// <param name="mark">What is written into it, so that it is known later whose it is; null for nothing.</param>
    /// <exception cref="BackupException">It cannot be made.</exception>
    public static void Make(string path, VmProcess owner, ScratchMark? mark = null)
    {
        var (parent, name, us) = (Path.GetDirectoryName(path)!, Path.GetFileName(path), OpenFolder.CurrentUser);
        var names = SessionNames.OfDirectory(name) ?? throw new ArgumentException("The name is not that of a scratch folder.",
            nameof(path));
        if (!Directory.Exists(parent))
        {
            throw Error($"The scratch directory {parent} does not exist on this host.",
                Advice.Of($"Create it, or name another one with {Feature.ScratchDirectory}."));
        }

        if (us != 0 && us != owner.UserId)
        {
            throw Error($"QEMU runs as user {owner.UserId} and this program as user {us}, so no folder can be made that both can enter "
                + $"and others cannot.",
                Advice.Of($"Run {Feature.Program} as user {owner.UserId} or as root."));
        }

        try
        {
            // A folder that exists belongs to another program: the system call refuses it, Directory.CreateDirectory would not.
            using var place = OpenFolder.Open(parent, toWalk: true);
            using var folder = place.MakeChild(name);
            try
            {
                Fill(folder, names, owner, mark);
            }
            catch
            {
                folder.TryRemove(names.Mark);
                place.RemoveChild(name);
                throw;
            }
        }
        catch (IOException e)
        {
            throw Error($"Cannot make the scratch folder {path} for user {owner.UserId}: {FileFailure.ReasonOf(e)}.",
                e.HResult == FileFailure.Exists
                    ? "Another program has created a file there." : Advice.Of($"Name another directory with {Feature.ScratchDirectory}."));
        }
    }

    private static void Fill(OpenFolder folder, SessionNames names, VmProcess owner, ScratchMark? mark)
    {
        if (mark is not null)
        {
            using var file = folder.CreateFile(names.Mark);
            RandomAccess.Write(file, mark.ToJson(), 0);
            if (OpenFolder.CurrentUser != owner.UserId)
                folder.Give(file, owner.UserId, owner.GroupId);
        }

        if (OpenFolder.CurrentUser != owner.UserId)
            folder.Give(folder.Handle, owner.UserId, owner.GroupId);
    }

    /// <summary>Removes a scratch folder and what is of its session in it.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="owner">The process that it was made for.</param>
    /// <returns>Why it is left alone; null where it is gone, or what remains in it belongs to others.</returns>
    public static string? Remove(string path, VmProcess owner)
    {
        using var folder = OwnedFolder.TryOpen(path, owner, out var obstacle);
        if (folder is null)
            return obstacle;
        if (folder.IsServed)
            return "QEMU still listens at the socket in it";
        // The mark last, and only once all else is gone: who is cut off here, or held up, finds the folder again by it.
        foreach (var name in folder.Names.Where(n => folder.Session.Owns(n) && n != folder.Session.Mark))
            obstacle = Unlink(folder, name, owner) ?? obstacle;
        obstacle ??= Unlink(folder, folder.Session.Mark, owner);
        if (obstacle is not null)
            return obstacle;
        // Only an empty folder goes: what somebody else put into it stays.
        return folder.Names.Any() ? null : RemoveEmpty(path);
    }

    /// <summary>Removes a scratch image.</summary>
    /// <param name="path">The image, in its scratch folder.</param>
    /// <param name="owner">The process that the folder was made for.</param>
    /// <returns>Why it is left alone; null where it is gone.</returns>
    public static string? RemoveFile(string path, VmProcess owner)
    {
        using var folder = OwnedFolder.TryOpen(Path.GetDirectoryName(path)!, owner, out var obstacle);
        if (folder is null)
            return obstacle;
        var name = Path.GetFileName(path);
        if (!folder.Session.Owns(name))
            return "it is not of this backup";
        return Unlink(folder, name, owner);
    }

    private static string? RemoveEmpty(string path)
    {
        try
        {
            using var place = OpenFolder.Open(Path.GetDirectoryName(path)!, toWalk: true);
            place.RemoveChild(Path.GetFileName(path));
            return null;
        }
        catch (IOException e)
        {
            return FileFailure.ReasonOf(e);
        }
    }

    // A file that cannot be removed must not keep a backup open, or a guest stopped.
    private static string? Unlink(OwnedFolder folder, string name, VmProcess owner)
    {
        try
        {
            // A note can name the folder of another VM of the same user.
            if (folder.OtherUserOf(name, owner) is { } other)
                return $"{other} has {name} open: it belongs to another backup";
            folder.Unlink(name);
            return null;
        }
        catch (IOException e)
        {
            return e.Message;
        }
    }

    private static BackupException Error(string message, Advice remedy) => new(BackupErrorCode.Storage, message, remedy);
}
