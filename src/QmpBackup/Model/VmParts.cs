using System.Collections.Immutable;
using System.Text.Json;
using QmpBackup.Nbd;
using QmpBackup.Qmp;
using QmpBackup.Qmp.Qapi;

namespace QmpBackup.Model;

/// <summary>A job in QEMU (QAPI <c>JobInfo</c>).</summary>
/// <param name="Id">Its id.</param>
/// <param name="Type">What it does, such as <c>backup</c> or <c>create</c>.</param>
/// <param name="Status">Its status in QAPI's words, such as <c>running</c> or <c>concluded</c>.</param>
/// <param name="Error">Why it failed; null where it did not.</param>
internal sealed record VmJob(string Id, string Type, string Status, string? Error = null)
{
    /// <summary>Whether it still works: only then does a backup job hold its point in time.</summary>
    public bool IsAlive => Status is "running" or "paused" or "ready" or "standby" or "created";
}

/// <summary>A block export in QEMU (QAPI <c>BlockExportInfo</c>).</summary>
/// <param name="Id">Its id.</param>
/// <param name="Type">Its type, such as <c>nbd</c>.</param>
/// <param name="NodeName">The node that it exports.</param>
internal sealed record VmExport(string Id, string Type, string NodeName);

/// <summary>The NBD server that a storage daemon was started with. QEMU does not report it, but its command line names it.</summary>
/// <param name="Address">Where it listens.</param>
/// <param name="Tls">Whether it wants TLS.</param>
internal sealed record VmNbdServer(NbdEndpoint Address, bool Tls);

/// <summary>The process at the other end of a unix socket.</summary>
/// <param name="Pid">Its process id.</param>
/// <param name="UserId">The user that it runs as now.</param>
/// <param name="GroupId">The group that it runs as now.</param>
internal sealed record VmProcess(int Pid, uint UserId, uint GroupId)
{
    /// <summary>
    /// Whether it runs QEMU's program: then its NBD server is the same process. Else it passes on to a QEMU that cannot be seen from here.
    /// </summary>
    public bool IsQemu { get; init; }

    /// <summary>
    /// When it began, in ticks since the boot: another process of this number began at another time. 0 where it cannot be told.
    /// </summary>
    internal long BeganAt { get; init; }
}

/// <summary>
/// Finds the end of a job among the events of jobs. With many disks, every change of the block graph pauses and resumes every job: that is
/// thousands of events.
/// </summary>
internal static class JobEnd
{
    /// <summary>Whether an event matters to a caller that waits for the end of a job, or for an event of another kind.</summary>
    /// <param name="happened">Any event.</param>
    /// <returns>Whether it is one of another kind, or a job has ended, or its status cannot be read.</returns>
    public static bool Concerns(QmpEvent happened) => !happened.Is<JobStatusChangeEvent>()
        || happened.Data is not { ValueKind: JsonValueKind.Object } data || !data.TryGetProperty(
            "status", out var status) || status.ValueKind != JsonValueKind.String
        || status.GetString() is "aborting" or "concluded" or "null";
}

/// <summary>What this QEMU can do, read from its own schema and never guessed from its version.</summary>
internal sealed record QemuFeatures
{
    /// <summary>Whether a bitmap of another node can be named in an export (<c>{node, name}</c>; since QEMU 7.1).</summary>
    public bool ExportsBitmapsByNode { get; init; }

    /// <summary>Whether there is a <c>snapshot-access</c> driver (since QEMU 7.0).</summary>
    public bool HasSnapshotAccess { get; init; }

    /// <summary>
    /// Whether a backup job can be told to break the snapshot and not the guest's write (<c>on-cbw-error</c>; since QEMU 10.1).
    /// </summary>
    public bool BackupHasOnCbwError { get; init; }

    /// <summary>Whether the NBD server can be told how many clients it may have (<c>max-connections</c>; since QEMU 5.2).</summary>
    internal bool NbdServerHasMaxConnections { get; init; }

    /// <summary>
    /// Whether QEMU makes monitors at run time, and removes them when their client leaves (<c>monitor-qmp</c>; since QEMU 11.1).
    /// </summary>
    public bool MakesMonitors { get; init; }

    /// <summary>The commands that matter here and that it has.</summary>
    public ImmutableHashSet<string> Commands { get; init; } = [];

    /// <summary>Whether the commands that pull mode is made of are all there.</summary>
    public bool SupportsPullMode { get; init; }

    /// <summary>The commands that matter here.</summary>
    public static ImmutableArray<string> KnownCommands { get; } =
    [
        .. PullMode, "query-status", "query-block", "query-name", "query-uuid", "query-blockstats", "query-migrate", "query-iothreads",
        "x-debug-query-block-graph",
    ];

    // The storage daemon of 5.2 has no objects to be added, and so nowhere to keep the note of an open backup.
    private static ImmutableArray<string> PullMode =>
        ["transaction", "blockdev-backup", "blockdev-create", "block-export-add", "block-dirty-bitmap-merge", "object-add", "qom-set"];

    /// <summary>Features of which only the commands are known.</summary>
    /// <param name="has">Whether QEMU has a command.</param>
    public static QemuFeatures OfCommands(Func<string, bool> has) =>
        new() { Commands = [.. KnownCommands.Where(has)], SupportsPullMode = PullMode.All(has) };

    /// <summary>Whether it has one of them.</summary>
    /// <param name="command">The name of the command.</param>
    public bool Has(string command) => Commands.Contains(command);
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
