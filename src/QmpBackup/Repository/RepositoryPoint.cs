using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace QmpBackup;

/// <summary>A point in time that a repository holds complete: what <c>POINT.json</c> says.</summary>
public sealed record RepositoryPoint
{
    /// <summary>The layout of the file.</summary>
    public int SchemaVersion { get; init; } = 1;

    /// <summary>The point's id, which is the name of its files and that of the checkpoint.</summary>
    public required string Id { get; init; }

    /// <summary>The VM's name, as it was reported.</summary>
    public required string Vm { get; init; }

    /// <summary>The VM's UUID, as it was reported; null where it had none.</summary>
    public string? Uuid { get; init; }

    /// <summary>The chain.</summary>
    public required string Chain { get; init; }

    /// <summary>The checkpoint.</summary>
    public required string Checkpoint { get; init; }

    /// <summary>
    /// The point's place in its chain, counted from 1: what orders the points, since two can be of one second and a clock can be set back. 0 in what was written before there was one.
    /// </summary>
    public int Sequence { get; init; }

    /// <summary>The newest point that one of its disks is an increment on; null where all are taken in full.</summary>
    public string? Parent { get; init; }

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

    /// <summary>The signature; null where it was not signed.</summary>
    [JsonPropertyOrder(99)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PointSignature? Signature { get; init; }

    /// <summary>What is known of the signature.</summary>
    [JsonIgnore]
    public SignatureState SignatureState { get; init; }

    /// <summary>The hash of the file, with zeroes in this place and in that of the signature: an altered file is found.</summary>
    [JsonPropertyOrder(100)]
    public string Checksum { get; init; } = "";

    /// <summary>The disk with this name; null where the point has none.</summary>
    /// <param name="name">The disk's name.</param>
    public PointDisk? FindDisk(string name) => Disks.FirstOrDefault(d => d.Name == name);
}
