using System.Text.Json.Serialization;

namespace QmpBackup.Transfer;

/// <summary>What was done with a disk: also what its journal keeps of a pull that is cut off.</summary>
internal sealed record DiskTally
{
    /// <summary>Every block before this one is done, and its bytes are safe.</summary>
    public long NextBlock { get; init; }

    /// <summary>How long the file of hashes was then, in bytes.</summary>
    public long HashLength { get; init; }

    /// <summary>The nodes of the tree of hashes that were not complete then; null once all are.</summary>
    public byte[]? HashNodes { get; init; }

    /// <summary>The digest of the file of hashes; null until it is complete.</summary>
    public string? Digest { get; init; }

    /// <summary>Bytes read from the VM.</summary>
    public long BytesRead { get; init; }

    /// <summary>Bytes that are zero.</summary>
    public long BytesZero { get; init; }

    /// <summary>Bytes of data written to the image.</summary>
    public long BytesWritten { get; init; }

    /// <summary>The time it took, in seconds.</summary>
    public double Seconds { get; init; }

    /// <summary>The image's size; a journal of another disk is of no use.</summary>
    public long Size { get; init; }

    /// <summary>The parent; a journal of another one is of no use.</summary>
    public string? Parent { get; init; }

    /// <summary>The signature of the journal; null where it is not signed.</summary>
    public string? Signature { get; init; }

    /// <summary>Whether the image is complete, and not only begun.</summary>
    [JsonIgnore]
    public bool IsComplete => Digest is not null;
}
