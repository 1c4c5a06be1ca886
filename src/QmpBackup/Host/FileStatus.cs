using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace QmpBackup.Host;

/// <summary>What kind of thing a path leads to.</summary>
internal enum FileKind
{
    Regular,
    Folder,
    Link,
    BlockDevice,
    CharacterDevice,
    Fifo,
    Socket,
    Unknown,
}

/// <summary>Which file it is, whatever its names are.</summary>
/// <param name="Device">The file system, as major and minor number.</param>
/// <param name="Inode">The file in it.</param>
internal readonly record struct FileIdentity((uint Major, uint Minor) Device, ulong Inode);

/// <summary>What the kernel knows of a file.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Identity">Which one it is.</param>
/// <param name="Represents">The device that a device node stands for.</param>
/// <param name="Owner">The owner's user id.</param>
/// <param name="Group">The group's id.</param>
/// <param name="Mode">The permissions, with set-id and sticky bits.</param>
/// <param name="Size">The length, in bytes.</param>
/// <param name="Changed">
/// When it last changed in any way, in seconds and nanoseconds: a new file may get the inode number of a removed one.
/// </param>
internal readonly record struct FileStatus(
    FileKind Kind, FileIdentity Identity, (uint Major, uint Minor) Represents, uint Owner, uint Group, uint Mode, long Size,
        (long Seconds, uint Nanoseconds) Changed)
{
    public const uint Sticky = 0x200;

    private const int NoFollow = 0x100;
    private const int EmptyPath = 0x1000;
    // Cached values are enough, and do not hang on a server that is gone.
    private const int DoNotSync = 0x4000;
    private const uint BasicStatus = 0x7ff;

    /// <summary>Of what a path leads to, links followed.</summary>
    /// <returns>Null where there is nothing, or where it may not be looked at.</returns>
    public static FileStatus? Of(string path) =>
        Syscalls.Statx(Syscalls.CurrentFolder, path, DoNotSync, BasicStatus, out var raw) == 0 ? From(raw) : null;

    /// <summary>Of an open file.</summary>
    /// <exception cref="IOException">The kernel does not say.</exception>
    public static FileStatus Of(SafeFileHandle file) =>
        Syscalls.Statx(file, "", EmptyPath, BasicStatus, out var raw) == 0 ? From(raw) : throw FileFailure.Last("an open file");

    /// <summary>Of an entry of a folder, which may be a link.</summary>
    /// <returns>Null where there is nothing of that name.</returns>
    /// <exception cref="IOException">The kernel does not say.</exception>
    public static FileStatus? Of(SafeFileHandle folder, string name, string path) =>
        Syscalls.Statx(folder, name, NoFollow, BasicStatus, out var raw) == 0 ? From(raw)
            : Marshal.GetLastPInvokeError() == FileFailure.NotFound ? null : throw FileFailure.Last(path);

    private static FileStatus From(in Syscalls.StatxResult raw) => new(
        (raw.Mode & 0xf000) switch
        {
            0x8000 => FileKind.Regular,
            0x4000 => FileKind.Folder,
            0xa000 => FileKind.Link,
            0x6000 => FileKind.BlockDevice,
            0x2000 => FileKind.CharacterDevice,
            0x1000 => FileKind.Fifo,
            0xc000 => FileKind.Socket,
            _ => FileKind.Unknown,
        },
        new FileIdentity((raw.DeviceMajor, raw.DeviceMinor), raw.Inode),
        (raw.RepresentsMajor, raw.RepresentsMinor),
        raw.Owner, raw.Group, (uint)raw.Mode & 0xfff, (long)raw.Size, (raw.ChangedSeconds, raw.ChangedNanoseconds));
}
