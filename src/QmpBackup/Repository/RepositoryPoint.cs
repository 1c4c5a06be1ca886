using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Serialization;
using QmpBackup.Hashes;

namespace QmpBackup;

/// <summary>A complete point in a repository: the content of <c>POINT.json</c>.</summary>
public sealed record RepositoryPoint
{
    /// <summary>The layout of the file.</summary>
    public int SchemaVersion { get; init; } = 1;

    /// <summary>The point's id: the name of its files, and of the checkpoint.</summary>
    public required CheckpointId Id { get; init; }

    /// <summary>The VM's name, as QEMU reported it.</summary>
    public required string Vm { get; init; }

    /// <summary>The VM's UUID, as QEMU reported it; null where it had none.</summary>
    public string? Uuid { get; init; }

    /// <summary>The chain.</summary>
    public required ChainName Chain { get; init; }

    /// <summary>The checkpoint.</summary>
    public required CheckpointId Checkpoint { get; init; }

    /// <summary>
    /// The point's place in its chain, counted from 1. It orders the points, as two can be of the same second and a clock can be set back.
    /// 0 in points of early versions.
    /// </summary>
    public int Sequence { get; init; }

    /// <summary>The newest point that one of its disks is an increment on; null where all disks are taken in full.</summary>
    public CheckpointId? Parent { get; init; }

    /// <summary>The point in time.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the point was complete.</summary>
    public required DateTimeOffset CompletedAt { get; init; }

    /// <summary>QEMU's version, as <c>major.minor.micro</c>.</summary>
    public required string QemuVersion { get; init; }

    /// <summary>How long the guest was frozen, in milliseconds; null where it was not.</summary>
    public double? FrozenMilliseconds { get; init; }

    /// <summary>The disks.</summary>
    public required ImmutableArray<PointDisk> Disks { get; init; }

    /// <summary>
    /// Whether the removal of the point was begun: it is no longer listed. The file goes last, so that its images are not taken for those
    /// of a point that was never complete.
    /// </summary>
    [JsonInclude]
    [JsonPropertyOrder(98)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    internal bool IsRemoved { get; init; }

    /// <summary>The signature; null where it was not signed.</summary>
    [JsonPropertyOrder(99)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PointSignature? Signature { get; init; }

    /// <summary>What is known of the signature.</summary>
    [JsonIgnore]
    public SignatureState SignatureState { get; init; }

    /// <summary>
    /// The hash of the file, computed with zeroes in place of this value and of the signature. It shows whether the file was altered.
    /// </summary>
    [JsonPropertyOrder(100)]
    public string Checksum { get; init; } = "";

    /// <summary>The disk with this name; null where the point has none.</summary>
    /// <param name="name">The disk's name.</param>
    public PointDisk? FindDisk(string name) => Disks.FirstOrDefault(d => d.Name == name);
}

/// <summary>One disk of a point.</summary>
public sealed record PointDisk : BackupDisk
{
    /// <summary>
    /// How the image was encrypted where the VM stored it, such as <c>luks</c>: this copy is not. Null where it was not encrypted.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? SourceEncryption { get; init; }

    /// <inheritdoc/>
    public override required long Size { get; init; }

    /// <summary>The image, relative to the chain's folder: <c>DISK/POINT.qcow2</c>.</summary>
    public required string File { get; init; }

    /// <summary>The image's length, in bytes.</summary>
    public required long FileSize { get; init; }

    /// <summary>Bytes read from the VM.</summary>
    public required long BytesRead { get; init; }

    /// <summary>Bytes of what was taken that are zero, whether they were read or known from the map.</summary>
    public required long BytesZero { get; init; }

    /// <summary>Bytes of data written to the image.</summary>
    public required long BytesWritten { get; init; }

    /// <summary>The time it took, in seconds.</summary>
    public required double Seconds { get; init; }

    /// <summary>The hashes of the content.</summary>
    public required PointHashes Hashes { get; init; }

    /// <summary>
    /// A point that is being removed and merged into this one: until that is complete, the image may still be built on it, and its length
    /// is not final. Null at all other times.
    /// </summary>
    [JsonInclude]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    internal CheckpointId? Merging { get; init; }
}

/// <summary>
/// The hashes of a disk's content: one for each block that the point itself has, and over them one that stands for all of the disk.
/// </summary>
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

    /// <summary>
    /// The hash of the disk's name, the digest and the parent's root: it stands for every block of the disk, inherited ones too.
    /// </summary>
    public required string Root { get; init; }

    /// <summary>
    /// What <see cref="Root"/> was before older points were merged into this one, as far as points that are built on it were taken against
    /// that. Null where there is none.
    /// </summary>
    [JsonInclude]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    internal ImmutableArray<string>? FormerRoots { get; init; }

    /// <summary>The roots that a point built on this one may have been taken against.</summary>
    [JsonIgnore]
    internal IEnumerable<string> Roots => [Root, .. FormerRoots ?? []];

    /// <summary>See <see cref="Root"/>.</summary>
    /// <param name="disk">The disk's name.</param>
    /// <param name="digest">The digest of what the point itself has.</param>
    /// <param name="parentRoot">The root of the same disk of the parent; null where there is none.</param>
    internal static string RootOf(string disk, string digest, string? parentRoot) =>
        BlockHash.Of(Encoding.UTF8.GetBytes($"qbackup root 1\n{parentRoot ?? "-"}\n{digest}\n{disk}")).ToString();
}
