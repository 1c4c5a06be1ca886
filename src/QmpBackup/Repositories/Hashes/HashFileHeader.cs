using System.Buffers.Binary;

namespace QmpBackup.Repositories.Hashes;

/// <summary>
/// The layout of a file of hashes, all numbers little-endian. A header: 8 bytes "QBHASHES", block size (4), 0 (4), disk size (8), 0 (8). Then runs
/// in ascending order: first block (8), number of blocks (4), <see cref="HashKind"/> (4), and for data 16 bytes of hash for each block. What no run names
/// is the parent's.
/// </summary>
internal static class HashFileHeader
{
    public const int Length = 32;
    public const int RunLength = 16;

    /// <summary>The longest run of data, in blocks: what a reader holds in memory of each layer.</summary>
    public const int MaxDataRun = 1024;

    private static ReadOnlySpan<byte> Magic => "QBHASHES"u8;

    public static void Write(Span<byte> header, long diskSize)
    {
        header[..Length].Clear();
        Magic.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header[8..], HashBlock.Size);
        BinaryPrimitives.WriteInt64LittleEndian(header[16..], diskSize);
    }

    /// <summary>The disk size that a header names; null where it is no header of ours.</summary>
    /// <param name="header">The bytes.</param>
    public static long? Read(ReadOnlySpan<byte> header) =>
        header.Length == Length && header.StartsWith(Magic) && BinaryPrimitives.ReadInt32LittleEndian(header[8..]) == HashBlock.Size
            && BinaryPrimitives.ReadInt64LittleEndian(header[16..]) is >= 0 and var size
            ? size : null;
}
