using System.Buffers.Binary;

namespace QmpBackup.Hashes;

/// <summary>
/// The beginning and the end of a file of hashes, all numbers little-endian. A header: 8 bytes "QBHASHES", block size (4), 0 (4), disk size
/// (8), 0 (8). Then the nodes of the tree, each behind those below it. Then the root: <see cref="HashKind"/> of the whole disk (8), the
/// offset of the topmost node (8), its hash (32). Blocks that the tree does not mention are the parent's.
/// </summary>
internal static class HashFileHeader
{
    public const int Length = 32;
    public const int RootLength = 16 + BlockHash.Length;

    // More than any disk has, and far from where sums of such sizes overflow.
    private const long MaxDiskSize = 1L << 52;

    private static ReadOnlySpan<byte> Magic => "QBHASHES"u8;

    private static ReadOnlySpan<byte> Domain => "qbackup hashes 1"u8;

    public static void Write(Span<byte> header, long diskSize)
    {
        header[..Length].Clear();
        Magic.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header[8..], HashBlock.Size);
        BinaryPrimitives.WriteInt64LittleEndian(header[16..], diskSize);
    }

    /// <summary>The disk size that a header names; null where it is not such a header.</summary>
    /// <param name="header">The bytes.</param>
    public static long? Read(ReadOnlySpan<byte> header)
    {
        if (header.Length != Length || BinaryPrimitives.ReadInt64LittleEndian(header[16..]) is not (>= 0 and <= MaxDiskSize and var size))
            return null;
        Span<byte> expected = stackalloc byte[Length];
        Write(expected, size);
        return header.SequenceEqual(expected) ? size : null;
    }

    public static void WriteRoot(Span<byte> root, HashKind kind, long offset, BlockHash hash)
    {
        BinaryPrimitives.WriteInt64LittleEndian(root, (long)kind);
        BinaryPrimitives.WriteInt64LittleEndian(root[8..], offset);
        hash.CopyTo(root[16..]);
    }

    /// <summary>What the root says; null where it is none.</summary>
    /// <param name="root">The bytes.</param>
    public static (HashKind Kind, long Offset, BlockHash Hash)? ReadRoot(ReadOnlySpan<byte> root)
    {
        var kind = BinaryPrimitives.ReadInt64LittleEndian(root);
        var offset = BinaryPrimitives.ReadInt64LittleEndian(root[8..]);
        var hash = BlockHash.Read(root[16..]);
        return kind switch
        {
            (long)HashKind.Data => (HashKind.Data, offset, hash),
            (long)HashKind.Inherited or (long)HashKind.Zero when offset == 0 && hash == default => ((HashKind)kind, 0, default),
            _ => null,
        };
    }

    /// <summary>
    /// What stands for all that a point itself says of a disk: the hash of the disk's size, the block's size and the root.
    /// </summary>
    public static BlockHash Digest(long diskSize, HashKind kind, BlockHash hash)
    {
        Span<byte> bytes = stackalloc byte[Domain.Length + Length + 1 + BlockHash.Length];
        Domain.CopyTo(bytes);
        Write(bytes[Domain.Length..], diskSize);
        bytes[Domain.Length + Length] = (byte)kind;
        hash.CopyTo(bytes[(Domain.Length + Length + 1)..]);
        return BlockHash.Of(bytes);
    }
}
