using System.Text.Json.Serialization;

namespace QmpBackup;

/// <summary>One disk of a point.</summary>
public sealed record PointDisk
{
    /// <summary>The disk's lasting name, as it was reported.</summary>
    public required string Name { get; init; }

    /// <summary>The node that it was read from.</summary>
    public required string Node { get; init; }

    /// <summary>What was taken.</summary>
    public required BackupLevel Level { get; init; }

    /// <summary>Why that level.</summary>
    public required string Reason { get; init; }

    /// <summary>The point that it is an increment on; null for a full.</summary>
    public string? Parent { get; init; }

    /// <summary>How the image was encrypted where the VM stored it, such as <c>luks</c>: this copy is not. Null where it was not encrypted.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? SourceEncryption { get; init; }

    /// <summary>The virtual size, in bytes.</summary>
    public required long Size { get; init; }

    /// <summary>The image, relative to the chain's folder: <c>DISK/POINT.qcow2</c>.</summary>
    public required string File { get; init; }

    /// <summary>The image's length, in bytes.</summary>
    public required long FileSize { get; init; }

    /// <summary>Bytes read from the VM.</summary>
    public required long BytesRead { get; init; }

    /// <summary>Bytes of what was taken that are zero, read or known without.</summary>
    public required long BytesZero { get; init; }

    /// <summary>Bytes of data written to the image.</summary>
    public required long BytesWritten { get; init; }

    /// <summary>The time it took, in seconds.</summary>
    public required double Seconds { get; init; }

    /// <summary>The hashes of the content.</summary>
    public required PointHashes Hashes { get; init; }
}
