using System.Buffers.Binary;
using System.Globalization;
using Microsoft.Win32.SafeHandles;
using QmpBackup.Model;

namespace QmpBackup.Host;

/// <summary>How much may still be written, and what sets the limit.</summary>
/// <param name="Bytes">Bytes.</param>
/// <param name="Limit">What sets it, for a person, such as <c>a btrfs quota group</c>; null for the file system's free space.</param>
internal readonly record struct RoomLeft(long Bytes, string? Limit)
{
    /// <summary>The limit as an addition to a sentence.</summary>
    public string Because => Limit is null ? "" : $" ({Limit})";
}

/// <summary>
/// How much QEMU may still write into a folder of this host. df shows the free space of the file system, and no other limit.
/// </summary>
/// <param name="directory">The folder.</param>
/// <param name="process">QEMU; null where it is not known.</param>
internal sealed class StorageRoom(string directory, VmProcess? process)
{
    private long? _committed;
    private long _grownThen;

    /// <summary>Looks at all that can be seen.</summary>
    /// <param name="growing">QEMU's files there that grow.</param>
    /// <returns>The least; null where the folder is gone.</returns>
    public RoomLeft? Look(IReadOnlyCollection<string> growing)
    {
        long free;
        try
        {
            free = new DriveInfo(directory).AvailableFreeSpace;
        }
        catch (IOException)
        {
            return null;
        }

        var sizes = growing.Select(SizeOf).DefaultIfEmpty().ToList();
        return new[]
        {
            new RoomLeft(free, null),
            new RoomLeft(QuotaGroup(sizes.Sum()) ?? long.MaxValue, "a btrfs quota group"),
            new RoomLeft(process is null ? long.MaxValue
                : UserQuota.Free(directory, process.UserId, process.GroupId) ?? long.MaxValue, "the quota of QEMU's user"),
            new RoomLeft(growing.Count > 0 && LargestFile() is { } largest ? Math.Max(0, largest - sizes.Max())
                : long.MaxValue, "QEMU's limit on file sizes"),
        }.MinBy(r => r.Bytes);
    }

    /// <summary>
    /// How large a file of QEMU's may be (<c>RLIMIT_FSIZE</c>), in bytes; null where nothing limits it, or it cannot be seen.
    /// </summary>
    public long? LargestFile()
    {
        if (process is null)
            return null;
        try
        {
            var line = File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{process.Pid}/limits"))
                .FirstOrDefault(l => l.StartsWith("Max file size", StringComparison.Ordinal));
            return line?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, _, _, var soft, ..]
                && long.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) ? limit : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // The usage of a quota group is that of the last commit, up to half a minute ago: what the files have grown since the first look is
    // added.
    private long? QuotaGroup(long grown)
    {
        if (BtrfsQuota.Read(directory) is not { } quota)
            return null;
        if (_committed is null)
            (_committed, _grownThen) = (quota.Used, grown);
        return Math.Max(0, quota.Limit - Math.Max(quota.Used, _committed.Value + grown - _grownThen));
    }

    private static long SizeOf(string path)
    {
        try
        {
            return new FileInfo(path).Length;
        }
        catch (IOException)
        {
            return 0;
        }
    }
}

/// <summary>What a btrfs quota group lets a subvolume hold, which df does not show. Only root may ask.</summary>
internal static class BtrfsQuota
{
    private const uint TreeSearch = 0xD0009411;
    private const uint LookUpInode = 0xD0009412;
    private const int ArgumentSize = 4096;
    private const int KeySize = 104;
    private const int HeaderSize = 32;
    private const ulong QuotaTree = 8;
    private const ulong FirstObject = 256;
    private const uint InfoItem = 242;
    private const uint LimitItem = 244;
    private const ulong HasMaxReferenced = 1;

    /// <summary>
    /// How much the subvolume of a folder may hold, and holds by what was last committed to disk, in bytes; null where there is no such
    /// limit, or it cannot be seen.
    /// </summary>
    public static (long Limit, long Used)? Read(string directory)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        using var opened = Syscalls.Open(directory, Syscalls.CloseOnExec);
        return opened.IsInvalid ? null : Read(opened);
    }

    private static (long, long)? Read(SafeFileHandle folder)
    {
        var lookup = new byte[ArgumentSize];
        BinaryPrimitives.WriteUInt64LittleEndian(lookup.AsSpan(8), FirstObject);
        if (Syscalls.Ioctl(folder, LookUpInode, lookup) != 0)
            return null;
        var subvolume = BinaryPrimitives.ReadUInt64LittleEndian(lookup);
        if (Find(folder, LimitItem, subvolume) is not { } limit || (BinaryPrimitives.ReadUInt64LittleEndian(limit) & HasMaxReferenced) == 0
            || Find(folder, InfoItem, subvolume) is not { } info)
        {
            return null;
        }

        return ((long)Math.Min(long.MaxValue, BinaryPrimitives.ReadUInt64LittleEndian(limit.AsSpan(8))),
            (long)BinaryPrimitives.ReadUInt64LittleEndian(info.AsSpan(8)));
    }

    // The item of this type of a subvolume's own quota group.
    private static byte[]? Find(SafeFileHandle folder, uint type, ulong group)
    {
        var search = new byte[ArgumentSize];
        // Tree, objectid from and to, offset from and to, transaction from and to, type from and to, count.
        ulong[] key = [QuotaTree, 0, 0, group, group, 0, ulong.MaxValue];
        for (var i = 0; i < key.Length; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(search.AsSpan(8 * i), key[i]);
        uint[] rest = [type, type, 1];
        for (var i = 0; i < rest.Length; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(search.AsSpan(56 + (4 * i)), rest[i]);
        if (Syscalls.Ioctl(folder, TreeSearch, search) != 0 || BinaryPrimitives.ReadUInt32LittleEndian(search.AsSpan(64)) == 0)
            return null;
        var length = (int)BinaryPrimitives.ReadUInt32LittleEndian(search.AsSpan(KeySize + 28));
        return length is >= 40 and <= ArgumentSize - KeySize - HeaderSize ? search.AsSpan(KeySize + HeaderSize, length).ToArray() : null;
    }
}

/// <summary>
/// What the quota of a user or group lets it add on a file system (ext4, XFS and others that have the kernel's quotas). A project's quota
/// is part of what df shows.
/// </summary>
internal static class UserQuota
{
    private const int QuotaControlNumber = 443;
    private const int GetQuota = 0x800007;
    private const long BlockSize = 1024;

    /// <summary>How much may be added, in bytes; null where nothing limits it, or it cannot be seen. Root is not limited.</summary>
    /// <param name="directory">A folder on the file system.</param>
    /// <param name="user">The user.</param>
    /// <param name="group">Its group.</param>
    public static long? Free(string directory, uint user, uint group)
    {
        if (!OperatingSystem.IsLinux() || user == 0)
            return null;
        using var folder = Syscalls.Open(directory, Syscalls.CloseOnExec);
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
        var quota = default(Syscalls.DiskQuota);
        if (Syscalls.QuotactlFd(QuotaControlNumber, folder, (GetQuota << 8) | kind, (nint)id, ref quota) != 0)
            return null;
        // Beyond the soft limit the grace time runs. When it is over, nothing more may be added.
        if (quota.SoftLimit > 0 && quota.Used > quota.SoftLimit * BlockSize && quota.GraceEnd > 0
            && DateTimeOffset.UnixEpoch.AddSeconds(quota.GraceEnd) < TimeProvider.System.GetUtcNow())
        {
            return 0;
        }

        return quota.HardLimit > 0 ? Math.Max(0, (quota.HardLimit * BlockSize) - quota.Used) : null;
    }
}

/// <summary>
/// The room that the scratch images have on this host: the least of what the file system, quotas and QEMU's limit on file sizes leave.
/// </summary>
internal sealed class ScratchSpace
{
    private const long MostReserved = 1L << 30;
    private const long LeastAmple = 256L << 20;
    private readonly StorageRoom _room;
    private readonly string[] _growing;

    private ScratchSpace(string directory, string[] growing, VmProcess? process, long? reserve)
    {
        _room = new StorageRoom(directory, process);
        _growing = growing;
        Reserve = reserve ?? Math.Min((Free ?? 0) / 2, MostReserved);
    }

    /// <summary>How much must stay free, in bytes.</summary>
    public long Reserve { get; }

    /// <summary>How much is free, in bytes; null if the folder is gone, because the backup was closed.</summary>
    public long? Free => Look()?.Bytes;

    /// <summary>
    /// Whether the images may grow further. False if the free space is not visible, or so small that the guest fills it at once.
    /// </summary>
    public bool HasRoom => Free is { } free && free - Reserve > Reserve / 16;

    /// <summary>
    /// Whether there is so much room that even a fast guest leaves time to notice that it gets short. False if the free space is not
    /// visible.
    /// </summary>
    public bool IsAmple => Free is { } free && free - Reserve >= Math.Max(LeastAmple, Reserve / 2);

    /// <summary>The space of a session's scratch images; null where this host does not see them.</summary>
    public static ScratchSpace? Of(SessionNote note, VmProcess? process, long? reserve)
    {
        string[] files =
            [.. note.Disks.Select(d => d.Scratch).Where(path => SessionNames.IsOurFile(Path.GetFileName(path)) && File.Exists(path))];
        // An overlay's file grows; that of a snapshot-access node has the disk's size from the beginning.
        return files.Length == 0 ? null
            : new ScratchSpace(Path.GetDirectoryName(files[0])!, note.Fleecing == Fleecing.Overlay ? files : [], process, reserve);
    }

    /// <summary>How much is free, and what limits it; null once the folder is gone.</summary>
    public RoomLeft? Look() => _room.Look(_growing);

    /// <summary>How far each of so many images may grow before the reserve is touched, in bytes.</summary>
    public long RoomFor(int images) => Math.Max(0, (Free ?? 0) - Reserve) / images;
}
