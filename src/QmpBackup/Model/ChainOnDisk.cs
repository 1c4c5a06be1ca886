using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace QmpBackup.Model;

/// <summary>The bitmaps of one chain on one disk, put in order.</summary>
internal sealed class ChainOnDisk
{
    private ChainOnDisk(ImmutableArray<ChainBitmap> all)
    {
        Lasting = InOrder(all.Where(b => !b.Name.IsOpen));
        Open = InOrder(all.Where(b => b.Name.IsOpen));
        // An older one was closed when this one began. If it records, somebody has enabled it, and what was written in between is not in
        // it.
        Head = Lasting.LastOrDefault() is { IsSoundAndRecording: true } last ? last : null;
        Sequence = SequenceTo(Head);
    }

    /// <summary>The bitmaps whose point in time was known to be safe, oldest first.</summary>
    public ImmutableArray<ChainBitmap> Lasting { get; }

    /// <summary>
    /// The bitmaps of points that were not known to be safe: of a backup that is open, or that a restart of QEMU interrupted.
    /// </summary>
    public ImmutableArray<ChainBitmap> Open { get; }

    /// <summary>The newest lasting bitmap, where it records and can be the parent of an increment; else null.</summary>
    public ChainBitmap? Head { get; }

    /// <summary>
    /// The kept sequence that ends in <see cref="Head"/>, oldest first, the head included: each one closed when the next began, none
    /// missing. The merge of its tail is everything that changed since the tail's first checkpoint.
    /// </summary>
    public ImmutableArray<ChainBitmap> Sequence { get; }

    /// <summary>What a chain has on a node.</summary>
    /// <param name="node">The node that carries them.</param>
    /// <param name="chain">The chain's name.</param>
    public static ChainOnDisk Of(BlockNode node, ChainName chain) => new([.. AllOf(node).Where(b => b.Name.Chain == chain)]);

    /// <summary>The checkpoint bitmaps on a node, of every chain, each with its twin.</summary>
    /// <param name="node">The node.</param>
    public static IEnumerable<ChainBitmap> AllOf(BlockNode node)
    {
        foreach (var bitmap in node.Bitmaps)
        {
            if (CheckpointBitmapName.TryParse(bitmap.Name, out var name) && !name.IsTwin)
                yield return new ChainBitmap(name, bitmap) { Twin = node.FindBitmap(name.Twin.ToString()) };
        }
    }

    /// <summary>The twins of a chain on a node, also those whose bitmap is gone.</summary>
    /// <param name="node">The node.</param>
    /// <param name="chain">The chain's name.</param>
    internal static IEnumerable<DirtyBitmap> TwinsOf(BlockNode node, ChainName chain) =>
        node.Bitmaps.Where(b => CheckpointBitmapName.TryParse(b.Name, out var name) && name.IsTwin && name.Chain == chain);

    /// <summary>The lasting bitmap of a checkpoint, or null.</summary>
    /// <param name="checkpoint">The checkpoint.</param>
    public ChainBitmap? Find(CheckpointId? checkpoint) => Lasting.FirstOrDefault(b => b.Checkpoint == checkpoint);

    /// <summary>
    /// The closed, unbroken sequence that ends in <paramref name="last"/>, oldest first, <paramref name="last"/> included.
    /// </summary>
    /// <param name="last">Its last member; null gives an empty sequence.</param>
    public ImmutableArray<ChainBitmap> SequenceTo(ChainBitmap? last)
    {
        var sequence = new List<ChainBitmap>();
        for (var member = last; member is not null;)
        {
            sequence.Add(member);
            var before = member.Name.Predecessor is { } link ? Find(link) : null;
            // A link must lead back in time: names come from QEMU, and a ring must not cause an endless loop.
            member = before is { IsSoundAndClosed: true }
                && before.Checkpoint != member.Checkpoint && !sequence.Contains(before) ? before : null;
        }

        sequence.Reverse();
        return [.. sequence];
    }

    private static ImmutableArray<ChainBitmap> InOrder(IEnumerable<ChainBitmap> bitmaps) =>
        CheckpointOrder.InOrder(bitmaps, b => b.Checkpoint, b => b.Name.Predecessor);
}

/// <summary>A checkpoint bitmap: what its name says, and what QEMU says of it.</summary>
/// <param name="Name">The name, read.</param>
/// <param name="Bitmap">The bitmap.</param>
internal sealed record ChainBitmap(CheckpointBitmapName Name, DirtyBitmap Bitmap)
{
    /// <summary>The checkpoint that it is relative to.</summary>
    public CheckpointId Checkpoint => Name.Checkpoint;

    /// <summary>The bitmap's name in QEMU.</summary>
    public string QemuName => Bitmap.Name!;

    /// <summary>Its twin, which has recorded the same; null if there is none.</summary>
    public DirtyBitmap? Twin { get; init; }

    /// <summary>
    /// Whether it and its twin differ: one of them was cleared or disabled for a while. They began together, so if one has missed something
    /// it is part of the other; if they count the same, nothing is missing. The parent of an open backup is closed while its twin goes on
    /// recording: these two cannot be compared.
    /// </summary>
    public bool IsContradicted =>
        Bitmap is { IsBusy: false, IsInconsistent: false } && Twin is { IsBusy: false } twin && (Bitmap.IsRecording || !twin.IsRecording)
        && (twin.IsRecording != Bitmap.IsRecording || twin.IsInconsistent || twin.Count != Bitmap.Count
            || twin.Granularity != Bitmap.Granularity);

    /// <summary>
    /// Whether its twin, which has recorded on while this one was closed for an open backup, may have all that this one has and no more
    /// than was recorded since.
    /// </summary>
    /// <param name="since">What the bitmap of the open backup counts.</param>
    internal bool IsPartOfTwin(long since) =>
        Twin is not { IsRecording: true } twin || (twin.Count >= Math.Max(Bitmap.Count, since) && twin.Count <= Bitmap.Count + since);

    /// <summary>QEMU recorded everything in it up to now, as far as can be told.</summary>
    public bool IsSoundAndRecording => Bitmap is { IsRecording: true, IsInconsistent: false } && !IsContradicted;

    /// <summary>It is complete and closed: a member of a kept sequence.</summary>
    public bool IsSoundAndClosed => Bitmap is { IsRecording: false, IsInconsistent: false } && !IsContradicted;
}

/// <summary>Puts checkpoints in order.</summary>
internal static class CheckpointOrder
{
    /// <summary>
    /// By time, but never a checkpoint before its predecessor: two can be of one second, and a clock may have been set back between them.
    /// Names come from QEMU, so a ring of predecessors must not cause an endless loop.
    /// </summary>
    public static ImmutableArray<T> InOrder<T>(IEnumerable<T> items, Func<T, CheckpointId> idOf, Func<T, CheckpointId?> predecessorOf)
    {
        var byTime = items.OrderBy(idOf).ToList();
        var ordered = ImmutableArray.CreateBuilder<T>(byTime.Count);
        var seen = new HashSet<CheckpointId>();
        foreach (var item in byTime)
        {
            var line = new Stack<CheckpointId>();
            for (CheckpointId? next = idOf(item); next is { } id && seen.Add(id); next = Before(id))
                line.Push(id);
            foreach (var id in line)
                ordered.AddRange(byTime.Where(i => idOf(i) == id));
        }

        return ordered.ToImmutable();

        CheckpointId? Before(CheckpointId id) =>
            byTime.Where(
                i => idOf(i) == id).Select(predecessorOf).FirstOrDefault(p => p is { } before && byTime.Any(i => idOf(i) == before));
    }
}

/// <summary>A disk of a point that a repository holds, on which an increment may be built.</summary>
/// <param name="Disk">The disk's name; null for every disk of a point that is broken as a whole.</param>
/// <param name="Checkpoint">The point.</param>
/// <param name="Size">The disk's size then, in bytes.</param>
/// <param name="Fault">What is wrong with it; null where nothing is.</param>
internal sealed record HeldParent(string? Disk, CheckpointId Checkpoint, long Size, string? Fault)
{
    /// <summary>
    /// Whether the fault is only that the point, or one that it is built on, has no signature or not one of this key.
    /// </summary>
    public bool IsUntrusted { get; init; }
}

/// <summary>The tag that names a disk in its bitmaps' names. Disks and files can have any name, bitmaps cannot.</summary>
internal static class DiskTag
{
    private const int Length = 8;

    /// <summary>
    /// The tag of a disk: the first 32 bits, in hexadecimal, of the SHA-256 of its name, a zero byte, and the name of its image file.
    /// </summary>
    /// <param name="disk">The disk.</param>
    public static string Of(VmDisk disk) => Of(disk.Name, disk.Node.FileName);

    /// <inheritdoc cref="Of(VmDisk)"/>
    /// <param name="disk">The disk's name.</param>
    /// <param name="file">The file's name, as QEMU has it.</param>
    public static string Of(string disk, string file) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{disk}\0{file}")))[..Length];

    /// <summary>Whether it is of a tag's form.</summary>
    /// <param name="text">The text.</param>
    public static bool IsValid([NotNullWhen(true)] string? text) => text is { Length: Length } && text.All(char.IsAsciiHexDigitLower);
}
