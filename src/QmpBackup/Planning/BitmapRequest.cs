using System.Collections.Immutable;
using QmpBackup.Planning;

namespace QmpBackup;

/// <summary>What to do with a bitmap.</summary>
public enum BitmapAction
{
    /// <summary>Adds it (QAPI <c>block-dirty-bitmap-add</c>).</summary>
    Add,

    /// <summary>Removes it (QAPI <c>block-dirty-bitmap-remove</c>).</summary>
    Remove,

    /// <summary>Forgets what it has recorded; it goes on recording (QAPI <c>block-dirty-bitmap-clear</c>).</summary>
    Clear,

    /// <summary>Lets it record from now on (QAPI <c>block-dirty-bitmap-enable</c>).</summary>
    Enable,

    /// <summary>Stops its recording; what it has recorded stays (QAPI <c>block-dirty-bitmap-disable</c>).</summary>
    Disable,

    /// <summary>Adds to it what other bitmaps of the same node have recorded (QAPI <c>block-dirty-bitmap-merge</c>).</summary>
    Merge,
}

/// <summary>A change of one bitmap by hand.</summary>
/// <param name="Action">What to do.</param>
/// <param name="Bitmap">The bitmap's name, of 1 to 1023 bytes in UTF-8.</param>
public sealed record BitmapRequest(BitmapAction Action, string Bitmap)
{
    /// <summary>
    /// The disk, by any of its names, or another node by its name; null for the one disk that the guest can write, if there is only one.
    /// </summary>
    public string? Disk { get; init; }

    /// <summary>Whether to do it to a bitmap of this library's own too: one that backups rely on.</summary>
    public bool Force { get; init; }

    /// <summary>
    /// For <see cref="BitmapAction.Add"/>: what one bit stands for, in bytes, a power of two from 512 to 2 GiB; null for QEMU's default.
    /// </summary>
    public long? Granularity { get; init; }

    /// <summary>
    /// For <see cref="BitmapAction.Add"/>: whether QEMU saves it in the image; null for yes where the image's format can store it.
    /// </summary>
    public bool? IsPersistent { get; init; }

    /// <summary>For <see cref="BitmapAction.Add"/>: whether it does not record yet.</summary>
    public bool IsDisabled { get; init; }

    /// <summary>For <see cref="BitmapAction.Merge"/>: the bitmaps whose bits are taken. They stay as they are.</summary>
    public ImmutableArray<string> Sources { get; init; } = [];
}

/// <summary>Where a bitmap is.</summary>
/// <param name="Disk">The disk; null for a node that is not a disk of the guest, such as a base image.</param>
/// <param name="Node">The node.</param>
public sealed record BitmapPlace(VmDisk? Disk, BlockNode Node)
{
    /// <summary>The place as part of a sentence, such as <c>disk vda</c>.</summary>
    public string Name => Disk is null ? $"node {Node.Name}" : $"disk {Disk.Name}";

    /// <summary>The places that can have bitmaps: the disks, then all other nodes.</summary>
    /// <param name="state">The VM.</param>
    internal static IEnumerable<BitmapPlace> All(VmState state) =>
    [
        .. state.Disks.Select(d => new BitmapPlace(d, d.Node)),
        .. state.Nodes.Where(n => state.Disks.All(d => d.Node.Name != n.Name)).Select(n => new BitmapPlace(null, n)),
    ];

    /// <summary>The place that is meant by a name.</summary>
    /// <param name="state">The VM.</param>
    /// <param name="name">A name of a disk or of a node; null for the one disk that the guest can write.</param>
    /// <exception cref="BackupException">There is no such disk or node, or there are several disks.</exception>
    internal static BitmapPlace Find(VmState state, string? name)
    {
        if (name is not null)
        {
            // Disks first: a node of another place may have the name of a disk's device.
            if (DiskSelection.TryFind(state, name) is null && state.FindNode(name) is { } node)
                return new BitmapPlace(null, node);
            var disk = DiskSelection.Find(state, name);
            return new BitmapPlace(disk, disk.Node);
        }

        var writable = state.Disks.Where(d => !d.IsReadOnly).ToList();
        var names = string.Join(", ", writable.Select(d => d.Name));
        return writable switch
        {
            [var only] => new BitmapPlace(only, only.Node),
            [] => throw new BackupException(BackupErrorCode.InvalidArgument, "This VM has no disk that the guest can write.",
                Advice.Of($"{Feature.Inspect} shows what it has.")),
            _ => throw new BackupException(BackupErrorCode.InvalidArgument, "This VM has more than one disk, and none is named.",
                Advice.Of($"Name one with {Feature.BitmapDisk}: {names}.")),
        };
    }
}

/// <summary>A bitmap and where it is.</summary>
/// <param name="Place">Where it is.</param>
/// <param name="Bitmap">The bitmap; null if it was removed.</param>
public sealed record PlacedBitmap(BitmapPlace Place, DirtyBitmap? Bitmap);
