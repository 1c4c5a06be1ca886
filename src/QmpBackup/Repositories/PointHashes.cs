namespace QmpBackup.Repositories;

/// <summary>The hashes of a disk's content: one for each block that the point itself has, and over them one that stands for all of the disk.</summary>
public sealed record PointHashes
{
    /// <summary>The file with the hashes of the blocks, relative to the chain's folder: <c>DISK/POINT.hashes</c>.</summary>
    public required string File { get; init; }

    /// <summary>The hash: <c>xxh128</c>.</summary>
    public required string Algorithm { get; init; }

    /// <summary>The size of a block, in bytes.</summary>
    public required int BlockSize { get; init; }

    /// <summary>The hash of the file.</summary>
    public required string Digest { get; init; }

    /// <summary>The hash of the parent's root and the digest: it stands for every block of the disk, inherited ones too.</summary>
    public required string Root { get; init; }
}
