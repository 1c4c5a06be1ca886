using System.Collections.Immutable;

namespace QmpBackup;

/// <summary>A node of QEMU's block graph.</summary>
public sealed record BlockNode
{
    /// <summary>The node name. QEMU's own begin with <c>#</c> and are different after a restart.</summary>
    public required string Name { get; init; }

    /// <summary>The driver, such as <c>qcow2</c>, <c>raw</c> or <c>file</c>.</summary>
    public required string Driver { get; init; }

    /// <summary>Whether the node cannot be written.</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>
    /// Whether it is inactive: the image belongs to the QEMU that the VM came from, until this one runs (QEMU 10.0 and later tell).
    /// </summary>
    public bool IsInactive { get; init; }

    /// <summary>How this very image is encrypted, such as <c>luks</c>; null where it is not.</summary>
    public string? Encryption { get; init; }

    /// <summary>The virtual size, in bytes.</summary>
    public long Size { get; init; }

    /// <summary>What the image takes of its storage, in bytes; null where QEMU does not know, 0 for a device.</summary>
    public long? AllocatedSize { get; init; }

    /// <summary>The file name, or a <c>json:</c> description where there is no simple name.</summary>
    public string FileName { get; init; } = "";

    /// <summary>The version of a qcow2 image, <c>0.10</c> or <c>1.1</c>; null for other formats.</summary>
    public string? Qcow2Compat { get; init; }

    /// <summary>The bitmaps on the node, in QEMU's order.</summary>
    public ImmutableArray<DirtyBitmap> Bitmaps { get; init; } = [];

    /// <summary>Whether the user gave the name, so that it is still the same after a restart.</summary>
    public bool HasUserGivenName => !Name.StartsWith('#');

    /// <summary>The bitmap with this name, or null.</summary>
    /// <param name="name">The bitmap's name.</param>
    public DirtyBitmap? FindBitmap(string? name) => name is null ? null : Bitmaps.FirstOrDefault(b => b.Name == name);
}

/// <summary>A dirty bitmap on a node, as <c>query-named-block-nodes</c> reports it (QAPI <c>BlockDirtyInfo</c>).</summary>
public sealed record DirtyBitmap
{
    /// <summary>The name; null for the anonymous bitmaps that QEMU's own jobs and filters use.</summary>
    public string? Name { get; init; }

    /// <summary>The unit of recording, in bytes: a power of two.</summary>
    public long Granularity { get; init; }

    /// <summary>How much is marked dirty, in bytes.</summary>
    public long Count { get; init; }

    /// <summary>Whether new writes are recorded.</summary>
    public bool IsRecording { get; init; }

    /// <summary>Whether a job or an export holds it, so that it cannot be changed.</summary>
    public bool IsBusy { get; init; }

    /// <summary>Whether it is saved in the image when QEMU closes it.</summary>
    public bool IsPersistent { get; init; }

    /// <summary>Whether it was found damaged, because QEMU did not close the image properly: it can only be removed.</summary>
    public bool IsInconsistent { get; init; }
}

/// <summary>Which node is above which: who is whose child, by node name, and under what name.</summary>
internal sealed class BlockGraph
{
    private readonly ILookup<string, (string Name, string Node)> _children;
    private readonly ILookup<string, string> _parents;

    /// <summary>A graph of these edges.</summary>
    /// <param name="edges">Parent node, the edge's name (<c>file</c>, <c>backing</c>, …) and child node.</param>
    public BlockGraph(IEnumerable<(string Parent, string Name, string Child)> edges)
    {
        var all = edges.ToList();
        _children = all.ToLookup(e => e.Parent, e => (e.Name, e.Child));
        _parents = all.ToLookup(e => e.Child, e => e.Parent);
    }

    /// <summary>The nodes that the node is a child of.</summary>
    public IEnumerable<string> Parents(string node) => _parents[node];

    /// <summary>
    /// The nodes from <paramref name="node"/> down that only pass requests on or are the end of that, <paramref name="node"/> first.
    /// </summary>
    public ImmutableArray<BlockNode> ThroughFilters(BlockNode node, IReadOnlyDictionary<string, BlockNode> nodes)
    {
        var way = ImmutableArray.CreateBuilder<BlockNode>();
        for (var at = node; at is not null && !way.Contains(at);)
        {
            way.Add(at);
            at = IsFilter(at.Driver) && Child(at.Name, "file") is { } below ? nodes.GetValueOrDefault(below) : null;
        }

        return way.ToImmutable();
    }

    /// <summary>The images that the node's image is based on, nearest first, through filters.</summary>
    public ImmutableArray<string> Backing(BlockNode node, IReadOnlyDictionary<string, BlockNode> nodes)
    {
        var chain = ImmutableArray.CreateBuilder<string>();
        for (var below = Child(node.Name, "backing"); below is not null && nodes.TryGetValue(below, out var next) && !chain.Contains(
            below);)
        {
            chain.Add(below);
            below = Child(below, IsFilter(next.Driver) ? "file" : "backing");
        }

        return chain.ToImmutable();
    }

    /// <summary>
    /// The nodes from <paramref name="node"/> down to the storage: formats, filters and protocols, without backing images.
    /// </summary>
    public ImmutableArray<BlockNode> ToStorage(BlockNode node, IReadOnlyDictionary<string, BlockNode> nodes)
    {
        var way = ImmutableArray.CreateBuilder<BlockNode>();
        for (var at = node; at is not null && !way.Contains(at);)
        {
            way.Add(at);
            at = Child(at.Name, "file") is { } below ? nodes.GetValueOrDefault(below) : null;
        }

        return way.ToImmutable();
    }

    private string? Child(string node, string name) => _children[node].Where(c => c.Name == name).Select(c => c.Node).FirstOrDefault();

    private static bool IsFilter(string driver) =>
        driver is "throttle" or "copy-on-read" or "copy-before-write" or "preallocate" or "compress"
        or "blkdebug" or "blklogwrites" or "blkreplay" or "mirror_top" or "commit_top";
}
