using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace QmpBackup.Host;

/// <summary>
/// Finds out whether anything but this process uses a file or a block device. For a regular file of a local file system the kernel itself
/// knows (a lease is granted only where nothing else has it open, of whatever user and in whatever container); a lock is seen whoever holds
/// it, on another host, too; and what the processes of this host have open tells who it is.
/// </summary>
internal static class FileUsers
{
    private const int SetSignal = 10;
    private const int SetLease = 1024;
    private const int LeaseToWrite = 1;
    private const int LeaseNone = 2;
    private const int UrgentSignal = 23;
    private const int TryAgain = 11;
    private const int GetOpenFileLock = 36;
    private const short LockToWrite = 1;
    private const short LockNone = 2;

    private enum Lease
    {
        Granted,
        Refused,
        Unknown,
    }

    /// <summary>Who uses a file.</summary>
    /// <param name="file">The file or block device, opened by this process only once.</param>
    /// <returns>Who, in words that can be followed by "has it open"; null if no user is found.</returns>
    public static string? Find(SafeFileHandle file)
    {
        var status = FileStatus.Of(file);
        var isDevice = status.Kind == FileKind.BlockDevice;
        var lease = isDevice ? Lease.Unknown : Ask(file);
        var locked = IsLocked(file);
        if (lease == Lease.Granted && !locked)
            return null;
        var devices = isDevice ? DevicesOn(status.Represents) : [];
        bool IsIt(FileStatus? other) =>
            other is { } o && (isDevice ? o.Kind == FileKind.BlockDevice && devices.Contains(o.Represents) : o.Identity == status.Identity);
        return OfProcesses(IsIt, status.Identity) ?? OfLoopDevices(IsIt) ?? OfSwap(IsIt)
            ?? (locked ? "a program that holds a lock on it, here or on another host," : lease == Lease.Refused
                ? "a program that cannot be seen from here, or the kernel," : null);
    }

    /// <summary>Which process other than one, and than this one, has a file open.</summary>
    /// <param name="file">The file, opened by this process only once.</param>
    /// <param name="process">The process that may have it open.</param>
    /// <returns>Which, in words that can be followed by "has it open"; null where none can be seen.</returns>
    public static string? FindOther(SafeFileHandle file, int process)
    {
        if (Ask(file) == Lease.Granted)
            return null;
        var identity = FileStatus.Of(file).Identity;
        return OfProcesses(other => other?.Identity == identity, identity, process);
    }

    /// <summary>
    /// Whether anything but this process uses a file. If the kernel does not tell, locks and open files of processes do.
    /// </summary>
    /// <param name="file">The file, opened by this process only once.</param>
    public static bool IsHeld(SafeFileHandle file) => Ask(file) switch
    {
        Lease.Granted => false,
        Lease.Refused => true,
        _ => IsLocked(file) || FindOther(file, process: 0) is not null,
    };

    // A process that opens the file in this moment waits until the lease is returned. The signal for that must be one that has no effect.
    private static Lease Ask(SafeFileHandle file)
    {
        if (Syscalls.Fcntl(file, SetSignal, UrgentSignal) != 0)
            return Lease.Unknown;
        if (Syscalls.Fcntl(file, SetLease, LeaseToWrite) == 0)
        {
            _ = Syscalls.Fcntl(file, SetLease, LeaseNone);
            return Lease.Granted;
        }

        return Marshal.GetLastPInvokeError() == TryAgain ? Lease.Refused : Lease.Unknown;
    }

    private static bool IsLocked(SafeFileHandle file)
    {
        var all = new Syscalls.FileLock { Type = LockToWrite };
        return Syscalls.Fcntl(file, GetOpenFileLock, ref all) == 0 && all.Type != LockNone;
    }

    // A disk is in use if a part of it is, and a part if all of it is.
    private static HashSet<(uint Major, uint Minor)> DevicesOn((uint Major, uint Minor) device)
    {
        HashSet<(uint Major, uint Minor)> devices = [device];
        var folder = string.Create(CultureInfo.InvariantCulture, $"/sys/dev/block/{device.Major}:{device.Minor}");
        var parts = Entries(folder, Directory.EnumerateDirectories).Where(f => File.Exists(f + "/partition"));
        foreach (var one in File.Exists(folder + "/partition") ? parts.Append(folder + "/..") : parts)
        {
            if (Line(one + "/dev")?.Split(':') is [var major, var minor] && uint.TryParse(major, CultureInfo.InvariantCulture, out var a)
                && uint.TryParse(minor, CultureInfo.InvariantCulture, out var b))
            {
                devices.Add((a, b));
            }
        }

        return devices;
    }

    private static string? OfProcesses(Func<FileStatus?, bool> isIt, FileIdentity identity, int? except = null)
    {
        foreach (var process in Entries("/proc", Directory.EnumerateDirectories))
        {
            if (!int.TryParse(Path.GetFileName(process), NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                || id == Environment.ProcessId || id == except)
            {
                continue;
            }

            if (Entries(process + "/fd", Directory.EnumerateFileSystemEntries).Any(f => isIt(FileStatus.Of(f))) || Maps(process, identity))
                return string.Create(CultureInfo.InvariantCulture, $"process {id} ({Line(process + "/comm") ?? "?"})");
        }

        return null;
    }

    // 7f5c8a000000-7f5c8a021000 rw-s 00000000 fe:00 1234    /path
    private static bool Maps(string process, FileIdentity identity)
    {
        try
        {
            var inode = identity.Inode.ToString(CultureInfo.InvariantCulture);
            var device = string.Create(CultureInfo.InvariantCulture, $"{identity.Device.Major:x2}:{identity.Device.Minor:x2}");
            foreach (var line in File.ReadLines(process + "/maps"))
            {
                if (!line.Contains(inode, StringComparison.Ordinal)
                    || line.Split(' ', 6) is not [var range, _, _, var onDevice, var number, ..] || number != inode)
                {
                    continue;
                }

                // On btrfs, for example, this device number differs from that of statx; root can ask for the file itself.
                var mapped = FileStatus.Of($"{process}/map_files/{string.Join('-', range.Split('-').Select(a => a.TrimStart('0')))}");
                if (mapped is { } file ? file.Identity == identity : onDevice == device)
                    return true;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has ended, or is another user's.
        }

        return false;
    }

    private static string? OfLoopDevices(Func<FileStatus?, bool> isIt) =>
        Entries("/sys/block", Directory.EnumerateDirectories)
            .FirstOrDefault(d => Line(d + "/loop/backing_file") is { } backing && isIt(FileStatus.Of(backing))) is { } loop
            ? $"loop device /dev/{Path.GetFileName(loop)}" : null;

    private static string? OfSwap(Func<FileStatus?, bool> isIt)
    {
        try
        {
            return File.ReadLines("/proc/swaps").Skip(1).Any(l => isIt(FileStatus.Of(Unescape(l.Split(' ', 2)[0]))))
                ? "the kernel, which swaps to it," : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // A space in a path is \040 there.
    private static string Unescape(string text)
    {
        var bytes = new List<byte>();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\' && i + 3 < text.Length)
            {
                bytes.Add((byte)(((text[i + 1] - '0') << 6) | ((text[i + 2] - '0') << 3) | (text[i + 3] - '0')));
                i += 3;
            }
            else
            {
                bytes.AddRange(Encoding.UTF8.GetBytes(text, i, 1));
            }
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }

    private static string[] Entries(string folder, Func<string, IEnumerable<string>> enumerate)
    {
        try
        {
            return [.. enumerate(folder)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static string? Line(string path)
    {
        try
        {
            return File.ReadLines(path).FirstOrDefault();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
