using System.IO.Hashing;

namespace QmpBackup.Repositories.Hashes;

/// <summary>The blocks in which a virtual disk is hashed.</summary>
internal static class HashBlock
{
    /// <summary>
    /// The size of a block, in bytes: the cluster of the images and the coarsest granularity that QEMU chooses for a bitmap by itself, so that
    /// what is dirty is whole blocks and nothing clean has to be read for a hash.
    /// </summary>
    public const int Size = 64 * 1024;

    /// <summary>The size of a hash, in bytes.</summary>
    public const int HashLength = 16;

    /// <summary>The name of the hash: fast, and 128 bits against chance. It finds what is broken, not what somebody forged.</summary>
    public const string Algorithm = "xxh128";

    /// <summary>How many blocks a disk has, a short last one included.</summary>
    /// <param name="diskSize">The disk's size, in bytes.</param>
    public static long Count(long diskSize) => (diskSize / Size) + (diskSize % Size == 0 ? 0 : 1);

    /// <summary>The hash of a block.</summary>
    /// <param name="block">Its bytes.</param>
    public static UInt128 Of(ReadOnlySpan<byte> block) => XxHash128.HashToUInt128(block);

    /// <summary>Whether a block is all zeroes; those are not hashed.</summary>
    /// <param name="block">Its bytes.</param>
    public static bool IsZero(ReadOnlySpan<byte> block) => !block.ContainsAnyExcept((byte)0);
}
