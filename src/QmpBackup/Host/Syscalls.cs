using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace QmpBackup.Host;

/// <summary>
/// The system calls of Linux that the class library does not offer, by their own names. A failure is in
/// <see cref="Marshal.GetLastPInvokeError"/>.
/// </summary>
internal static partial class Syscalls
{
    /// <summary><c>AT_FDCWD</c>: a path is taken from the working directory.</summary>
    public const int CurrentFolder = -100;

    /// <summary><c>O_CLOEXEC</c>.</summary>
    public const int CloseOnExec = 0x80000;

    private const string C = "libc";

    [LibraryImport(C, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport(C, EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial SafeFileHandle OpenAt(SafeFileHandle folder, string name, int flags, uint mode);

    [LibraryImport(C, EntryPoint = "mkdirat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int MkdirAt(SafeFileHandle folder, string name, uint mode);

    [LibraryImport(C, EntryPoint = "readlinkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint ReadlinkAt(SafeFileHandle folder, string name, Span<byte> text, nint length);

    [LibraryImport(C, EntryPoint = "renameat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int RenameAt(SafeFileHandle fromFolder, string from, SafeFileHandle toFolder, string to);

    [LibraryImport(C, EntryPoint = "renameat2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int RenameAt2(SafeFileHandle fromFolder, string from, SafeFileHandle toFolder, string to, uint flags);

    [LibraryImport(C, EntryPoint = "linkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int LinkAt(SafeFileHandle fromFolder, string from, SafeFileHandle toFolder, string to, int flags);

    [LibraryImport(C, EntryPoint = "unlinkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int UnlinkAt(SafeFileHandle folder, string name, int flags);

    [LibraryImport(C, EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Statx(int folder, string path, int flags, uint mask, out StatxResult status);

    [LibraryImport(C, EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Statx(SafeFileHandle folder, string path, int flags, uint mask, out StatxResult status);

    [LibraryImport(C, EntryPoint = "fchmod", SetLastError = true)]
    public static partial int Fchmod(SafeFileHandle file, uint mode);

    [LibraryImport(C, EntryPoint = "fchown", SetLastError = true)]
    public static partial int Fchown(SafeFileHandle file, uint user, uint group);

    [LibraryImport(C, EntryPoint = "fsync", SetLastError = true)]
    public static partial int Fsync(SafeFileHandle file);

    [LibraryImport(C, EntryPoint = "sync_file_range", SetLastError = true)]
    public static partial int SyncFileRange(SafeFileHandle file, long offset, long length, uint flags);

    [LibraryImport(C, EntryPoint = "posix_fadvise")]
    public static partial int PosixFadvise(SafeFileHandle file, long offset, long length, int advice);

    [LibraryImport(C, EntryPoint = "lseek", SetLastError = true)]
    public static partial long Lseek(SafeFileHandle file, long offset, int whence);

    [LibraryImport(C, EntryPoint = "flock", SetLastError = true)]
    public static partial int Flock(SafeFileHandle file, int operation);

    [LibraryImport(C, EntryPoint = "fcntl", SetLastError = true)]
    public static partial int Fcntl(SafeFileHandle file, int command, int argument);

    [LibraryImport(C, EntryPoint = "fcntl", SetLastError = true)]
    public static partial int Fcntl(SafeFileHandle file, int command, ref FileLock argument);

    [LibraryImport(C, EntryPoint = "ioctl", SetLastError = true)]
    public static partial int Ioctl(SafeFileHandle file, nuint request, byte[] arguments);

    [LibraryImport(C, EntryPoint = "ioctl", SetLastError = true)]
    public static partial int Ioctl(SafeFileHandle file, nuint request, int argument);

    [LibraryImport(C, EntryPoint = "getxattr", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint Getxattr(string path, string name, nint value, nint size);

    /// <summary><c>quotactl_fd</c>, which libc has no function for.</summary>
    [LibraryImport(C, EntryPoint = "syscall", SetLastError = true)]
    public static partial nint QuotactlFd(nint number, SafeFileHandle folder, nint command, nint id, ref DiskQuota quota);

    [LibraryImport(C, EntryPoint = "getrlimit")]
    public static partial int Getrlimit(int resource, out ResourceLimit limit);

    [LibraryImport(C, EntryPoint = "setrlimit")]
    public static partial int Setrlimit(int resource, in ResourceLimit limit);

    [LibraryImport(C, EntryPoint = "geteuid")]
    public static partial uint Geteuid();

    [LibraryImport(C, EntryPoint = "getegid")]
    public static partial uint Getegid();

    /// <summary><c>struct statx</c>: the same on every architecture, which <c>struct stat</c> is not.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    public struct StatxResult
    {
        [FieldOffset(20)] public uint Owner;
        [FieldOffset(24)] public uint Group;
        [FieldOffset(28)] public ushort Mode;
        [FieldOffset(32)] public ulong Inode;
        [FieldOffset(40)] public ulong Size;
        [FieldOffset(96)] public long ChangedSeconds;
        [FieldOffset(104)] public uint ChangedNanoseconds;
        [FieldOffset(128)] public uint RepresentsMajor;
        [FieldOffset(132)] public uint RepresentsMinor;
        [FieldOffset(136)] public uint DeviceMajor;
        [FieldOffset(140)] public uint DeviceMinor;
    }

    /// <summary><c>struct flock</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct FileLock
    {
        public short Type;
        public short Whence;
        public long Start;
        public long Length;
        public int Process;
    }

    /// <summary><c>struct if_dqblk</c>: limits in blocks of 1 KiB, what is used in bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct DiskQuota
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

    /// <summary><c>struct rlimit</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public record struct ResourceLimit(nuint Current, nuint Most);
}
