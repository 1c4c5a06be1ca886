using System.Buffers.Binary;
using System.Text;
using Microsoft.Win32.SafeHandles;
using QmpBackup.Hashes;

namespace QmpBackup.Transfer;

/// <summary>What the header of a qcow2 image says about its place in a chain.</summary>
/// <param name="Size">The virtual size, in bytes.</param>
/// <param name="BackingFile">The backing file as the header names it; null for none.</param>
internal sealed record Qcow2Header(long Size, string? BackingFile)
{
    /// <summary>
    /// Whether the image is of the plain kind that qbackup itself can read and write. QEMU's programs judge everything else, and everything
    /// that is odd.
    /// </summary>
    public bool IsPlain { get; private init; }

    /// <summary>Where the table of level 1 is in the file.</summary>
    public long MapOffset { get; private init; }

    /// <summary>Where the table of blocks of refcounts is in the file.</summary>
    public long CountersOffset { get; private init; }

    /// <summary>Its length, in bytes.</summary>
    public long CountersLength { get; private init; }

    /// <summary>How many tables of level 2 a disk needs.</summary>
    /// <param name="size">The disk's size, in bytes.</param>
    public static long TablesOf(long size) => (HashBlock.Count(size) + TableEntries - 1) / TableEntries;

    /// <summary>How many clusters a table of level 2 maps.</summary>
    public const int TableEntries = HashBlock.Size / sizeof(ulong);

    private const uint Magic = 0x514649fb;
    private const int MinLength = 104;
    private const int MaxLength = 64 * 1024;

    // With the fields that QEMU has added since version 3 began; then the format of the backing file, the end of the extensions, its name.
    private const int Length = 112;
    private const int NameOffset = Length + 16 + 8;
    private const int CompressionType = 1 << 3;
    private const uint PlainClusterBits = 16;
    private const uint PlainRefcountOrder = 4;
    private const long MaxMapLength = 32 << 20;
    private const long MaxRefcountClusters = 128;
    private const int MaxName = 1023;
    private const long MaxSize = 1L << 52;
    private const uint EndOfExtensions = 0;
    private const uint BackingFormat = 0xe2792aca;
    private const uint DataFile = 0x44415441;

    private static ReadOnlySpan<byte> Format => "qcow2"u8;

    /// <summary>
    /// Reads the header. Refuses an image that names any file other than a qcow2 image below it, and one with features that this qbackup
    /// does not know.
    /// </summary>
    /// <param name="file">The image.</param>
    /// <param name="name">Its name, for messages.</param>
    /// <exception cref="InvalidDataException">The file is not a qcow2 image that qbackup made.</exception>
    public static Qcow2Header Read(SafeFileHandle file, string name)
    {
        InvalidDataException Damaged() => new($"{name} has a damaged header");

        var header = new byte[MaxLength];
        var read = RandomAccess.Read(file, header, 0);
        if (read < MinLength || BinaryPrimitives.ReadUInt32BigEndian(header) != Magic)
            throw new InvalidDataException($"{name} is not a qcow2 image");
        // The version, the features that a reader must understand (dirty, corrupt, external data, subclusters), and encryption.
        var features = BinaryPrimitives.ReadUInt64BigEndian(header.AsSpan(72));
        if (BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(4)) != 3 || BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(32)) != 0
            || (features & ~(ulong)CompressionType) != 0)
        {
            throw Damaged();
        }

        var end = (ulong)RandomAccess.GetLength(file);
        var mapping = BinaryPrimitives.ReadUInt64BigEndian(header.AsSpan(40));
        var references = BinaryPrimitives.ReadUInt64BigEndian(header.AsSpan(48));
        if (mapping >= end || references >= end)
        {
            throw Damaged();
        }

        var at = BinaryPrimitives.ReadInt64BigEndian(header.AsSpan(8));
        var length = BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(16));
        var size = BinaryPrimitives.ReadInt64BigEndian(header.AsSpan(24));
        if (size is < 0 or > MaxSize)
            throw Damaged();
        var format = FormatOf(header.AsSpan(0, read)) ?? throw Damaged();
        var found = new Qcow2Header(size, null)
        {
            IsPlain = features == 0 && HasPlainTables(header, size, (long)end),
            MapOffset = (long)mapping,
            CountersOffset = (long)references,
            CountersLength = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(56)) * (long)HashBlock.Size,
        };
        if (at == 0)
            return found;
        if (at < MinLength || length is <= 0 or > MaxName || at > read - length || format != "qcow2")
            throw Damaged();
        return found with { BackingFile = Encoding.UTF8.GetString(header.AsSpan((int)at, length)) };
    }

    /// <summary>The header of a new, plain image. The tables come behind it, with room for every block of the disk.</summary>
    /// <param name="size">The disk's size, in bytes.</param>
    /// <param name="backing">The name of the backing file; null for none.</param>
    public static Qcow2Header Make(long size, string? backing)
    {
        // Besides the blocks: their tables, the refcounts themselves, and what a pull that is cut off leaves unused.
        var clusters = (HashBlock.Count(size) * 9 / 8) + (1 << 16);
        var counters = HashBlock.Count(clusters / (HashBlock.Size / sizeof(ushort)) * sizeof(ulong)) * HashBlock.Size;
        return new Qcow2Header(size, backing)
        {
            IsPlain = true,
            CountersOffset = HashBlock.Size,
            CountersLength = counters,
            MapOffset = HashBlock.Size + counters,
        };
    }

    /// <summary>The bytes of a header that was made.</summary>
    public byte[] ToBytes()
    {
        var name = Encoding.UTF8.GetBytes(BackingFile ?? "");
        var bytes = new byte[NameOffset + name.Length];
        var header = bytes.AsSpan();
        BinaryPrimitives.WriteUInt32BigEndian(header, Magic);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], 3);
        BinaryPrimitives.WriteUInt32BigEndian(header[20..], PlainClusterBits);
        BinaryPrimitives.WriteInt64BigEndian(header[24..], Size);
        BinaryPrimitives.WriteUInt32BigEndian(header[36..], (uint)Math.Max(1, TablesOf(Size)));
        BinaryPrimitives.WriteInt64BigEndian(header[40..], MapOffset);
        BinaryPrimitives.WriteInt64BigEndian(header[48..], CountersOffset);
        BinaryPrimitives.WriteUInt32BigEndian(header[56..], (uint)(CountersLength / HashBlock.Size));
        BinaryPrimitives.WriteUInt32BigEndian(header[96..], PlainRefcountOrder);
        BinaryPrimitives.WriteInt32BigEndian(header[100..], Length);
        if (BackingFile is null)
            return bytes;
        BinaryPrimitives.WriteInt64BigEndian(header[8..], NameOffset);
        BinaryPrimitives.WriteInt32BigEndian(header[16..], name.Length);
        BinaryPrimitives.WriteUInt32BigEndian(header[Length..], BackingFormat);
        BinaryPrimitives.WriteInt32BigEndian(header[(Length + 4)..], Format.Length);
        Format.CopyTo(header[(Length + 8)..]);
        name.CopyTo(header[NameOffset..]);
        return bytes;
    }

    // Clusters of the size of a block, refcounts of 16 bits, and tables that are in the file and as long as QEMU makes them.
    private static bool HasPlainTables(ReadOnlySpan<byte> header, long size, long length)
    {
        var map = BinaryPrimitives.ReadInt64BigEndian(header[40..]);
        long entries = BinaryPrimitives.ReadUInt32BigEndian(header[36..]);
        var references = BinaryPrimitives.ReadInt64BigEndian(header[48..]);
        long clusters = BinaryPrimitives.ReadUInt32BigEndian(header[56..]);
        return BinaryPrimitives.ReadUInt32BigEndian(header[20..]) == PlainClusterBits
            && BinaryPrimitives.ReadUInt32BigEndian(header[96..]) == PlainRefcountOrder
            && map % HashBlock.Size == 0 && entries >= TablesOf(size) && entries * sizeof(ulong) is var bytes and <= MaxMapLength
            && map <= length - bytes
            && references % HashBlock.Size == 0 && clusters is > 0 and <= MaxRefcountClusters
            && references <= length - (clusters * HashBlock.Size);
    }

    // The format of the backing file; empty if the header does not name it, null if it has extensions that qbackup does not write.
    private static string? FormatOf(ReadOnlySpan<byte> header)
    {
        var format = "";
        for (long at = BinaryPrimitives.ReadUInt32BigEndian(header[100..]); at + 8 <= header.Length;)
        {
            var kind = BinaryPrimitives.ReadUInt32BigEndian(header[(int)at..]);
            var length = BinaryPrimitives.ReadUInt32BigEndian(header[((int)at + 4)..]);
            if (kind == EndOfExtensions)
                return format;
            if (kind == DataFile || length > header.Length - at - 8)
                return null;
            if (kind == BackingFormat)
                format = Encoding.ASCII.GetString(header.Slice((int)at + 8, (int)length));
            at += 8 + ((length + 7) & ~7u);
        }

        return null;
    }
}
