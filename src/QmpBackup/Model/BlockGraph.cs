using System.Collections.Immutable;

namespace QmpBackup.Model;

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

    /// <summary>The nodes from <paramref name="node"/> down that only pass requests on or are the end of that, <paramref name="node"/> first.</summary>
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
        for (var below = Child(node.Name, "backing"); below is not null && nodes.TryGetValue(below, out var next) && !chain.Contains(below);)
        {
            chain.Add(below);
            below = Child(below, IsFilter(next.Driver) ? "file" : "backing");
        }

        return chain.ToImmutable();
    }

    /// <summary>The nodes from <paramref name="node"/> down to the storage: formats, filters and protocols, without backing images.</summary>
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

    private static bool IsFilter(string driver) => driver is "throttle" or "copy-on-read" or "copy-before-write" or "preallocate" or "compress"
        or "blkdebug" or "blklogwrites" or "blkreplay" or "mirror_top" or "commit_top";
}
