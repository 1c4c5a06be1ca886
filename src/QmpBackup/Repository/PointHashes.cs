using System.Text;
using QmpBackup.Hashes;

namespace QmpBackup;

/// <summary>The hashes of a disk's content: one for each block that the point itself has, and over them one that stands for all of the disk.</summary>
public sealed record PointHashes
{
    /// <summary>The file with the hashes of the blocks, relative to the chain's folder: <c>DISK/POINT.hashes</c>.</summary>
    public required string File { get; init; }

    /// <summary>The hash: <c>sha256</c>.</summary>
    public required string Algorithm { get; init; }

    /// <summary>The size of a block, in bytes.</summary>
    public required int BlockSize { get; init; }

    /// <summary>The hash of the tree in the file: it stands for all that the point itself has of the disk.</summary>
    public required string Digest { get; init; }

    /// <summary>The hash of the disk's name, the digest and the parent's root: it stands for every block of the disk, inherited ones too.</summary>
    public required string Root { get; init; }

    /// <summary>See <see cref="Root"/>.</summary>
    /// <param name="disk">The disk's name.</param>
    /// <param name="digest">The digest of what the point itself has.</param>
    /// <param name="parentRoot">The root of the same disk of the parent; null where there is none.</param>
    internal static string RootOf(string disk, string digest, string? parentRoot) =>
        BlockHash.Of(Encoding.UTF8.GetBytes($"qbackup root 1\n{parentRoot ?? "-"}\n{digest}\n{disk}")).ToString();
}
