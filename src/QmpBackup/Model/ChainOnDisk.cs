using System.Collections.Immutable;
using QmpBackup.Model;

namespace QmpBackup;

/// <summary>The bitmaps of one chain on one disk, put in order.</summary>
internal sealed class ChainOnDisk
{
    private ChainOnDisk(ImmutableArray<ChainBitmap> all)
    {
        Lasting = InOrder(all.Where(b => !b.Name.IsOpen));
        Open = InOrder(all.Where(b => b.Name.IsOpen));
        // An older one was closed when this one began. If it records, somebody has enabled it, and what was written in between is not in it.
        Head = Lasting.LastOrDefault() is { IsSoundAndRecording: true } last ? last : null;
        Sequence = SequenceTo(Head);
    }

    /// <summary>The bitmaps whose point in time was known to be safe, oldest first.</summary>
    public ImmutableArray<ChainBitmap> Lasting { get; }

    /// <summary>The bitmaps of points that were not known to be safe: of a backup that is open, or that a restart of QEMU interrupted.</summary>
    public ImmutableArray<ChainBitmap> Open { get; }

    /// <summary>The newest lasting bitmap, where it records and can be the parent of an increment; else null.</summary>
    public ChainBitmap? Head { get; }

    /// <summary>
    /// The kept sequence that ends in <see cref="Head"/>, oldest first, the head included: each one closed when the next began, none missing. The merge of
    /// its tail is everything that changed since the tail's first checkpoint.
    /// </summary>
    public ImmutableArray<ChainBitmap> Sequence { get; }

    /// <summary>What a chain has on a node.</summary>
    /// <param name="node">The node that carries them.</param>
    /// <param name="chain">The chain's name.</param>
    public static ChainOnDisk Of(BlockNode node, ChainName chain) => new([.. AllOf(node).Where(b => b.Name.Chain == chain)]);

    /// <summary>The bitmaps of ours on a node, of every chain, each with its twin.</summary>
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

    /// <summary>The closed, unbroken sequence that ends in <paramref name="last"/>, oldest first, <paramref name="last"/> included.</summary>
    /// <param name="last">Its last member; null gives an empty sequence.</param>
    public ImmutableArray<ChainBitmap> SequenceTo(ChainBitmap? last)
    {
        var sequence = new List<ChainBitmap>();
        for (var member = last; member is not null;)
        {
            sequence.Add(member);
            var before = member.Name.Predecessor is { } link ? Find(link) : null;
            // A link must lead back in time: names come from QEMU, and a ring must not hang us.
            member = before is { IsSoundAndClosed: true } && before.Checkpoint != member.Checkpoint && !sequence.Contains(before) ? before : null;
        }

        sequence.Reverse();
        return [.. sequence];
    }

    private static ImmutableArray<ChainBitmap> InOrder(IEnumerable<ChainBitmap> bitmaps) =>
        CheckpointOrder.InOrder(bitmaps, b => b.Checkpoint, b => b.Name.Predecessor);
}
