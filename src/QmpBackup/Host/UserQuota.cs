using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace QmpBackup.Host;

/// <summary>What the quota of a user or group lets it add on a file system (ext4, XFS and others that have the kernel's quotas). A project's quota is part of what df shows.</summary>
internal static partial class UserQuota
{
    private const int QuotaControlNumber = 443;
    private const int GetQuota = 0x800007;
    private const int CloseOnExec = 0x80000;
    private const long BlockSize = 1024;

    /// <summary>How much may be added, in bytes; null where nothing limits it, or it cannot be seen. Root is not limited.</summary>
    /// <param name="directory">A folder on the file system.</param>
    /// <param name="user">The user.</param>
    /// <param name="group">Its group.</param>
    public static long? Free(string directory, uint user, uint group)
    {
        if (!OperatingSystem.IsLinux() || user == 0)
            return null;
        using var folder = new SafeFileHandle(Open(directory, CloseOnExec), ownsHandle: true);
        if (folder.IsInvalid)
            return null;
        return (Free(folder, 0, user), Free(folder, 1, group)) switch
        {
            ({ } ofUser, { } ofGroup) => Math.Min(ofUser, ofGroup),
            var (ofUser, ofGroup) => ofUser ?? ofGroup,
        };
    }

    private static long? Free(SafeFileHandle folder, int kind, uint id)
    {
        var quota = default(Quota);
        if (QuotaControl(QuotaControlNumber, folder, (GetQuota << 8) | kind, (nint)id, ref quota) != 0)
            return null;
        // Beyond the soft limit the time of grace runs; when it is over nothing more may be added.
        if (quota.SoftLimit > 0 && quota.Used > quota.SoftLimit * BlockSize && quota.GraceEnd > 0 && DateTimeOffset.UnixEpoch.AddSeconds(quota.GraceEnd) < TimeProvider.System.GetUtcNow())
            return 0;
        return quota.HardLimit > 0 ? Math.Max(0, (quota.HardLimit * BlockSize) - quota.Used) : null;
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint QuotaControl(nint number, SafeFileHandle folder, nint command, nint id, ref Quota quota);

    // struct if_dqblk: limits in blocks of 1 KiB, what is used in bytes.
    [StructLayout(LayoutKind.Sequential)]
    private struct Quota
    {
        public long HardLimit;
        public long SoftLimit;
        public long Used;
        public long InodeHardLimit;
        public long InodeSoftLimit;
        public long Inodes;
        public long GraceEnd;
        public long InodeGraceEnd;
        public uint Valid;
    }
}
