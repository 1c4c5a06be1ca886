using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace QmpBackup.Host;

/// <summary>What a btrfs quota group lets a subvolume hold, which df does not show. Only root may ask.</summary>
internal static partial class BtrfsQuota
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
    private const int CloseOnExec = 0x80000;

    /// <summary>How much the subvolume of a folder may hold, and holds by what was last committed to disk, in bytes; null where there is no such limit, or it cannot be seen.</summary>
    public static (long Limit, long Used)? Read(string directory)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        using var opened = new SafeFileHandle(Open(directory, CloseOnExec), ownsHandle: true);
        return opened.IsInvalid ? null : Read(opened);
    }

    private static (long, long)? Read(SafeFileHandle folder)
    {
        var lookup = new byte[ArgumentSize];
        BinaryPrimitives.WriteUInt64LittleEndian(lookup.AsSpan(8), FirstObject);
        if (Control(folder, LookUpInode, lookup) != 0)
            return null;
        var subvolume = BinaryPrimitives.ReadUInt64LittleEndian(lookup);
        if (Find(folder, LimitItem, subvolume) is not { } limit || (BinaryPrimitives.ReadUInt64LittleEndian(limit) & HasMaxReferenced) == 0
            || Find(folder, InfoItem, subvolume) is not { } info)
        {
            return null;
        }

        return ((long)Math.Min(long.MaxValue, BinaryPrimitives.ReadUInt64LittleEndian(limit.AsSpan(8))), (long)BinaryPrimitives.ReadUInt64LittleEndian(info.AsSpan(8)));
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
        if (Control(folder, TreeSearch, search) != 0 || BinaryPrimitives.ReadUInt32LittleEndian(search.AsSpan(64)) == 0)
            return null;
        var length = (int)BinaryPrimitives.ReadUInt32LittleEndian(search.AsSpan(KeySize + 28));
        return length is >= 40 and <= ArgumentSize - KeySize - HeaderSize ? search.AsSpan(KeySize + HeaderSize, length).ToArray() : null;
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Control(SafeFileHandle folder, nuint request, byte[] arguments);
}
