using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;
using QmpBackup.Hashes;
using QmpBackup.Host;

namespace QmpBackup.Transfer;

/// <summary>What is in use in a plain image that is to be continued: a bit for each cluster of the file is all that it takes.</summary>
internal sealed class ImageScan
{
    private const ulong OffsetBits = 0x00ff_ffff_ffff_fe00;
    private const ulong Compressed = 1UL << 62;

    // 64 MiB of bits: 32 TiB of data.
    private const long MaxClusters = 1L << 29;

    private readonly SafeFileHandle _file;
    private readonly ulong[] _used;
    private readonly long _clusters;

    private ImageScan(SafeFileHandle file, Qcow2Header header, long next)
    {
        (_file, Header) = (file, header);
        _clusters = Math.Max(HashBlock.Count(RandomAccess.GetLength(file)), 1);
        _used = new ulong[(Math.Min(_clusters, MaxClusters) / 64) + 1];
        Map = new ulong[Qcow2Header.TablesOf(header.Size)];
        LastTable = next > 0 ? (next - 1) / Qcow2Header.TableEntries : -1;
    }

    /// <summary>The header.</summary>
    public Qcow2Header Header { get; }

    /// <summary>The table of level 1, without what is behind the last block.</summary>
    public ulong[] Map { get; }

    /// <summary>The table of level 2 that maps the last block, without what is behind that; -1 where there is none.</summary>
    public long LastTable { get; }

    /// <summary>That table.</summary>
    public byte[] Table { get; } = new byte[HashBlock.Size];

    /// <summary>The cluster behind the last one in use.</summary>
    public long End { get; private set; }

    /// <summary>The clusters before it that are not in use.</summary>
    public List<(long First, long End)> Free { get; } = [];

    /// <summary>Scans an image.</summary>
    /// <param name="file">The image.</param>
    /// <param name="header">Its header, which is plain.</param>
    /// <param name="next">The block behind the last one that counts.</param>
    /// <returns>Null where it is damaged, or has compressed clusters.</returns>
    public static ImageScan? TryRun(SafeFileHandle file, Qcow2Header header, long next)
    {
        var scan = new ImageScan(file, header, next);
        return scan._clusters <= MaxClusters && scan.TryRun(next) ? scan : null;
    }

    private bool TryRun(long next)
    {
        if (!TryUse(0, 1) || !TryUse(Header.CountersOffset, Header.CountersLength)
            || !TryUse(Header.MapOffset, Math.Max(1, Map.Length) * sizeof(ulong)) || !TryReadMap())
        {
            return false;
        }

        for (var number = 0L; number <= LastTable; number++)
        {
            if (Map[number] == 0)
                continue;
            var count = number == LastTable ? (int)(next - (number * Qcow2Header.TableEntries)) : Qcow2Header.TableEntries;
            if (!TryUse((long)(Map[number] & OffsetBits), HashBlock.Size) || !TryUseTable((long)(Map[number] & OffsetBits), count))
                return false;
        }

        // It is empty where the last table is not there.
        if (LastTable >= 0 && Map[LastTable] == 0)
            Table.AsSpan().Clear();
        FindFree();
        return true;
    }

    private bool TryReadMap()
    {
        var bytes = new byte[Math.Min(Map.Length, LastTable + 1) * sizeof(ulong)];
        if (!_file.TryRead(bytes, Header.MapOffset))
            return false;
        for (var i = 0; i * sizeof(ulong) < bytes.Length; i++)
            Map[i] = BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(i * sizeof(ulong)));
        return true;
    }

    private bool TryUseTable(long offset, int count)
    {
        if (!_file.TryRead(Table, offset))
            return false;
        Table.AsSpan(count * sizeof(ulong)).Clear();
        for (var i = 0; i < count; i++)
        {
            var entry = BinaryPrimitives.ReadUInt64BigEndian(Table.AsSpan(i * sizeof(ulong)));
            var place = (long)(entry & OffsetBits);
            if ((entry & Compressed) != 0 || (place != 0 && !TryUse(place, HashBlock.Size)))
                return false;
        }

        return true;
    }

    // False where the clusters are not in the file, or in use already.
    private bool TryUse(long offset, long length)
    {
        var (first, end) = (offset / HashBlock.Size, HashBlock.Count(offset + length));
        if (offset % HashBlock.Size != 0 || end > _clusters)
            return false;
        for (var cluster = first; cluster < end; cluster++)
        {
            if ((_used[cluster / 64] & (1UL << (int)(cluster % 64))) != 0)
                return false;
            _used[cluster / 64] |= 1UL << (int)(cluster % 64);
        }

        End = Math.Max(End, end);
        return true;
    }

    private void FindFree()
    {
        var from = -1L;
        for (var cluster = 0L; cluster < End; cluster++)
        {
            var isUsed = (_used[cluster / 64] & (1UL << (int)(cluster % 64))) != 0;
            if (!isUsed && from < 0)
                from = cluster;
            if (!isUsed || from < 0)
                continue;
            Free.Add((from, cluster));
            from = -1;
        }
    }
}
