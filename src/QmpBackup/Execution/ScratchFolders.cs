using System.Runtime.InteropServices;
using QmpBackup.Host;

namespace QmpBackup.Execution;

/// <summary>Makes and removes scratch folders on this host. Only what bears a name of ours is ever removed, whatever path was given.</summary>
internal static partial class ScratchFolders
{
    private const int FileExists = 17;

    public static void RequireSpace(string directory, long bytes, long largestFile, VmProcess? process)
    {
        // That it is there at all is for the one to say who makes something in it.
        if (!Directory.Exists(directory))
            return;
        var room = new StorageRoom(directory, process);
        if (room.Look([]) is { } left && left.Bytes < bytes)
        {
            throw Error($"The scratch directory {directory} has {left.Bytes >> 20} MiB free{left.Because}, and what the guest overwrites while the backup is open may take {(bytes + (1 << 20) - 1) >> 20} MiB.",
                "Name a directory with more room with --scratch-dir. --no-space-check starts nevertheless.");
        }

        if (room.LargestFile() is { } largest && largest < largestFile)
        {
            throw Error($"QEMU may write files of at most {largest >> 20} MiB (its limit on file sizes), and a scratch image may take {(largestFile + (1 << 20) - 1) >> 20} MiB.",
                $"Raise the limit: 'prlimit --pid {process!.Pid} --fsize=unlimited'. --no-space-check starts nevertheless.");
        }
    }

    public static void Make(string path, VmProcess owner)
    {
        var parent = Path.GetDirectoryName(path)!;
        if (!Directory.Exists(parent))
            throw Error($"The scratch directory {parent} does not exist on this host.", "Make it, or name another one with --scratch-dir.");
        var us = GetEffectiveUserId();
        if (us != 0 && us != owner.UserId)
        {
            throw Error($"QEMU runs as user {owner.UserId} and qbackup as user {us}, so no folder can be made that both can enter and others cannot.",
                $"Run qbackup as user {owner.UserId} or as root.");
        }

        // A folder that is there already is not ours: the system call refuses it, where Directory.CreateDirectory would be content.
        if (MakeDirectory(path, 0b111_000_000) != 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            throw Error($"Cannot make the scratch folder {path}: {Marshal.GetPInvokeErrorMessage(errno)}.",
                errno == FileExists ? "Somebody else has put something there." : "Name another directory with --scratch-dir.");
        }

        if (us != owner.UserId && ChangeOwner(path, owner.UserId, owner.GroupId) != 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            Directory.Delete(path);
            throw Error($"Cannot give the scratch folder {path} to user {owner.UserId}: {Marshal.GetPInvokeErrorMessage(errno)}.", "Run qbackup as the user that QEMU runs as.");
        }
    }

    /// <summary>Removes a scratch folder and what is of its session in it.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="owner">The process that it was made for.</param>
    /// <returns>Why it is left alone; null where it is gone, or the rest of it is nothing of ours.</returns>
    public static string? Remove(string path, VmProcess owner)
    {
        using var folder = OwnedFolder.TryOpen(path, owner, out var obstacle);
        if (folder is null)
            return obstacle;
        if (folder.IsServed)
            return "QEMU still listens at the socket in it";
        foreach (var name in folder.Names.Where(folder.Session.Owns))
            obstacle = Unlink(folder, name, owner) ?? obstacle;
        if (obstacle is not null)
            return obstacle;
        // Only an empty folder goes: what somebody else put into it stays.
        return folder.Names.Any() || RemoveDirectory(path) == 0 ? null : Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError());
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

    // What cannot be removed must not keep a backup open, or a guest stopped.
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

    private static BackupException Error(string message, string hint) => new(BackupErrorCode.Storage, message, hint);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUserId();

    [LibraryImport("libc", EntryPoint = "mkdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakeDirectory(string path, uint mode);

    [LibraryImport("libc", EntryPoint = "rmdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RemoveDirectory(string path);

    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, uint owner, uint group);
}
