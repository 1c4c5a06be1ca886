using System.Runtime.Intrinsics;
using System.Security.Cryptography;

namespace QmpBackup.Hashes;

/// <summary>The blocks in which a virtual disk is hashed.</summary>
internal static class HashBlock
{
    /// <summary>
    /// The size of a block, in bytes: the cluster size of the images, and the coarsest granularity that QEMU chooses for a bitmap by
    /// itself. So dirty ranges are whole blocks, and nothing clean has to be read for a hash.
    /// </summary>
    public const int Size = 64 * 1024;

    /// <summary>The name of the hash.</summary>
    public const string Algorithm = "sha256";

    /// <summary>How many blocks a disk has, a short last one included.</summary>
    /// <param name="diskSize">The disk's size, in bytes.</param>
    public static long Count(long diskSize) => (diskSize / Size) + (diskSize % Size == 0 ? 0 : 1);

    /// <summary>Whether a block is all zeroes; those are not hashed.</summary>
    /// <param name="block">Its bytes.</param>
    public static bool IsZero(ReadOnlySpan<byte> block) => !block.ContainsAnyExcept((byte)0);
}

/// <summary>A SHA-256.</summary>
/// <param name="Value">Its bytes.</param>
internal readonly record struct BlockHash(Vector256<byte> Value)
{
    /// <summary>The length, in bytes.</summary>
    public const int Length = 32;

    /// <summary>The hash of some bytes.</summary>
    /// <param name="bytes">The bytes.</param>
    public static BlockHash Of(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[Length];
        SHA256.HashData(bytes, hash);
        return Read(hash);
    }

    /// <summary>Reads a hash.</summary>
    /// <param name="bytes">Bytes that begin with the hash.</param>
    public static BlockHash Read(ReadOnlySpan<byte> bytes) => new(Vector256.Create(bytes));

    /// <summary>Writes the hash.</summary>
    /// <param name="bytes">Receives the hash at the beginning.</param>
    public void CopyTo(Span<byte> bytes) => Value.CopyTo(bytes);

    /// <inheritdoc/>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Length];
        CopyTo(bytes);
        return Convert.ToHexStringLower(bytes);
    }
}
