using System.Collections.Immutable;
using QmpBackup.Model;
using QmpBackup.Repository;

namespace QmpBackup;

/// <summary>What a chain's folder holds, at the moment it was read.</summary>
public sealed class ChainContents
{
    private readonly Dictionary<(CheckpointId Point, string Disk, Inspection How), DiskFault?> _faults = [];
    private readonly Dictionary<CheckpointId, RepositoryPoint> _byId;

    internal ChainContents(RepositoryChain chain, ImmutableArray<RepositoryPoint> points, ImmutableArray<BrokenPoint> broken,
        ImmutableArray<CheckpointId> incomplete)
    {
        Chain = chain;
        Points = points;
        Broken = broken;
        Incomplete = incomplete;
        _byId = points.ToDictionary(p => p.Id);
    }

    /// <summary>The chain.</summary>
    public RepositoryChain Chain { get; }

    /// <summary>The complete points, oldest first.</summary>
    public ImmutableArray<RepositoryPoint> Points { get; }

    /// <summary>Points that cannot be used, as their <c>POINT.json</c> is damaged or cannot be read.</summary>
    public ImmutableArray<BrokenPoint> Broken { get; }

    /// <summary>The ids of points that are being taken, or were never completed.</summary>
    public ImmutableArray<CheckpointId> Incomplete { get; }

    /// <summary>
    /// Points whose removal was begun and is not complete. They are no longer listed, or are merged into another one already.
    /// </summary>
    public ImmutableArray<CheckpointId> Unfinished =>
    [
        .. Removed.Select(p => p.Id).Concat(Points.SelectMany(p => p.Disks.Select(d => d.Merging)).OfType<CheckpointId>()).Distinct()
            .Order(),
    ];

    /// <summary>Whether a point is pinned: it is never pruned.</summary>
    /// <param name="id">The point's id.</param>
    public bool IsPinned(CheckpointId id) => Pinned.Contains(id);

    /// <summary>Points that are no longer listed, and whose files are still there.</summary>
    internal ImmutableArray<RepositoryPoint> Removed { get; init; } = [];

    /// <summary>The points that are pinned.</summary>
    internal HashSet<CheckpointId> Pinned { get; init; } = [];

    /// <summary>Whether a point without a signature is not to be trusted.</summary>
    internal bool RequiresSignature { get; init; }

    /// <summary>The point with this id.</summary>
    /// <param name="id">The id.</param>
    /// <returns>Null where there is none.</returns>
    public RepositoryPoint? Find(CheckpointId id) => _byId.GetValueOrDefault(id);

    /// <summary>The point that a text names: by its id, or by the word <c>latest</c>.</summary>
    /// <param name="text">The text.</param>
    /// <returns>Null where there is none.</returns>
    public RepositoryPoint? Find(string text) =>
        text == "latest" ? Points.LastOrDefault() : CheckpointId.TryParse(text, out var id) ? Find(id) : null;

    /// <summary>
    /// What is wrong with a disk, as far as that shows without reading its content: files that are missing, too short or of another point;
    /// a chain that does not fit together; damage that an earlier verification found.
    /// </summary>
    /// <param name="point">A point of this chain.</param>
    /// <param name="disk">One of its disks.</param>
    /// <returns>The first fault, of the point or of one that it is built on; null where there is none.</returns>
    public DiskFault? FindFault(RepositoryPoint point, PointDisk disk) => FindFault(point, disk, Inspection.Full);

    /// <summary>A quicker look, for a list: files of hashes, which may be large, are opened but not read to the end.</summary>
    /// <inheritdoc cref="FindFault(RepositoryPoint, PointDisk)" path="/param|/returns"/>
    /// <param name="point">A point of this chain.</param>
    /// <param name="disk">One of its disks.</param>
    public DiskFault? Glance(RepositoryPoint point, PointDisk disk) => FindFault(point, disk, Inspection.Glance);

    /// <inheritdoc cref="FindFault(RepositoryPoint, PointDisk)"/>
    /// <param name="point">A point of this chain.</param>
    /// <param name="disk">One of its disks.</param>
    /// <param name="how">How closely to look.</param>
    internal DiskFault? FindFault(RepositoryPoint point, PointDisk disk, Inspection how)
    {
        ArgumentNullException.ThrowIfNull(point);
        ArgumentNullException.ThrowIfNull(disk);
        // Begins with the lowest point, and looks at each once: a chain may be long.
        var line = new Stack<(RepositoryPoint Point, PointDisk Disk)>();
        for (var (next, one) = ((RepositoryPoint?)point, (PointDisk?)disk); next is not null && one is not null
            && !_faults.ContainsKey((next.Id, one.Name, how));)
        {
            line.Push((next, one));
            // A ring of parents would never end: a point that is its own ancestor is damaged.
            _faults[(next.Id, one.Name, how)] = new DiskFault(next.Id, "it is built on itself");
            next = one.Parent is { } parent ? Find(parent) : null;
            one = next?.FindDisk(one.Name);
        }

        foreach (var (next, one) in line)
            _faults[(next.Id, one.Name, how)] = DiskInspector.FindFault(this, next, one, how);
        return _faults[(point.Id, disk.Name, how)];
    }

    /// <summary>Why a point cannot be trusted; null where it can.</summary>
    internal string? FindDistrust(RepositoryPoint point) => point.SignatureState switch
    {
        SignatureState.Wrong => "its signature is wrong: it was altered, moved here, or signed with another key than this one "
            + $"(it says {TextOf(point.Signature!.Key)})",
        SignatureState.None when RequiresSignature => "it is not signed",
        SignatureState.Unchecked when RequiresSignature => "there is no key to check its signature with",
        _ => null,
    };

    // Anybody may have written it.
    private static string TextOf(string key) => key.Length is > 0 and <= 64 && key.All(char.IsAsciiLetterOrDigit) ? $"key {key}" : "no key";

    /// <summary>
    /// The newest point from which a disk can be restored, as far as <see cref="FindFault(RepositoryPoint, PointDisk)"/> can tell.
    /// </summary>
    /// <param name="disk">The disk's name.</param>
    /// <returns>Null where there is none.</returns>
    internal RepositoryPoint? NewestSound(string disk) =>
        Points.LastOrDefault(p => p.FindDisk(disk) is { } one && FindFault(p, one) is null);

    /// <summary>A disk of a point and what it is built on, its own first.</summary>
    /// <param name="point">A point in which <see cref="FindFault(RepositoryPoint, PointDisk)"/> finds none.</param>
    /// <param name="disk">One of its disks.</param>
    internal List<(RepositoryPoint Point, PointDisk Disk)> LineOf(RepositoryPoint point, PointDisk disk)
    {
        List<(RepositoryPoint, PointDisk)> line = [(point, disk)];
        while (disk.Parent is { } parent)
        {
            point = Find(parent)!;
            disk = point.FindDisk(disk.Name)!;
            line.Add((point, disk));
        }

        return line;
    }

    /// <summary>The folder that a disk has in this chain; null where it has none yet.</summary>
    internal string? FolderOf(string disk) =>
        Points.Reverse().Select(p => (Point: p, Disk: p.FindDisk(disk))).Where(d => d.Disk is not null)
        .Select(d => ChainLayout.FolderIn(d.Disk!.File, disk, d.Point.Id, ChainLayout.ImageSuffix)).FirstOrDefault(f => f is not null);

    /// <summary>The points that an increment can be built on.</summary>
    internal ImmutableArray<HeldParent> Parents() =>
    [
        .. from point in Points
           from disk in point.Disks
           where disk.Level != BackupLevel.Copy
           let fault = FindFault(point, disk)
           select new HeldParent(disk.Name, point.Id, disk.Size, Describe(fault, point))
           {
               IsUntrusted = fault is { IsUntrusted: true },
           },
        .. from point in Broken
           select new HeldParent(null, point.Id, 0, point.Problem),
    ];

    private static string? Describe(DiskFault? fault, RepositoryPoint point) =>
        fault is null ? null : fault.Point == point.Id ? fault.Problem : $"point {fault.Point}, which it is built on: {fault.Problem}";
}

/// <summary>A point whose <c>POINT.json</c> is damaged or cannot be read.</summary>
/// <param name="Id">The name of its files.</param>
/// <param name="Problem">What is wrong.</param>
public sealed record BrokenPoint(CheckpointId Id, string Problem)
{
    /// <summary>Whether it could not be read, so that nothing else is known.</summary>
    public bool IsUnread { get; init; }
}

/// <summary>What is wrong with a disk of a point.</summary>
/// <param name="Point">The damaged point: the one in question, or one that it is built on.</param>
/// <param name="Problem">What is wrong.</param>
public sealed record DiskFault(CheckpointId Point, string Problem)
{
    /// <summary>
    /// Whether it could not be read, so that nothing else is known: the file system or a program failed, and the disk need not be damaged.
    /// </summary>
    public bool IsUnread { get; init; }

    /// <summary>
    /// Whether all that is known is that the point has no signature, or not one of this key: the disk need not be damaged.
    /// </summary>
    public bool IsUntrusted { get; init; }

    /// <summary>What is wrong, as the predicate of a sentence about the disk or the point.</summary>
    internal string Predicate => IsUnread ? "cannot be read" : IsUntrusted ? "cannot be trusted" : "is damaged";
}
