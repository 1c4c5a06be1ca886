using System.Collections.Immutable;
using QmpBackup.Model;
using QmpBackup.Qmp.Qapi;

namespace QmpBackup.Observing;

/// <summary>
/// Finds the disks: of a VM, the nodes behind the guest's devices; of a storage daemon, which has no devices, the nodes that nothing else
/// is built on.
/// </summary>
internal static class DiskFinder
{
    /// <summary>Where devices with an id are.</summary>
    public const string PeripheralPath = "/machine/peripheral/";

    /// <param name="devices">The guest's devices; null for a storage daemon.</param>
    /// <param name="nodes">All nodes.</param>
    /// <param name="graph">How they stand on each other.</param>
    /// <param name="exported">The nodes that somebody exports, and not for a backup.</param>
    public static ImmutableArray<VmDisk> Find(
        IEnumerable<BlockInfo>? devices, ImmutableArray<BlockNode> nodes, BlockGraph graph, IReadOnlySet<string> exported)
    {
        var byName = nodes.ToDictionary(n => n.Name);
        return Disambiguate(devices is null ? [.. Roots(nodes, byName, graph, exported)]
            : [.. devices.Select(d => OfDevice(d, byName, graph)).OfType<VmDisk>()]);
    }

    private static VmDisk? OfDevice(BlockInfo device, Dictionary<string, BlockNode> nodes, BlockGraph graph)
    {
        if (device.Inserted is not { NodeName: { } top } medium || !nodes.TryGetValue(top, out var node))
            return null;
        var id = DeviceId(device.QDev);
        var drive = string.IsNullOrEmpty(device.Device) ? null : device.Device;
        return Disk(graph.ThroughFilters(node, nodes), nodes, graph, id ?? drive) with
        {
            Device = id,
            Drive = drive,
            Top = top,
            QomPath = device.QDev is ['/', ..] ? device.QDev : null,
            IsReadOnly = medium.ReadOnly,
        };
    }

    // Nodes that the user added and that no other node uses. Only a name of the user's is still the same later.
    // A file without a format above it is a disk only if it is exported: else its format node may still be added.
    private static IEnumerable<VmDisk> Roots(
        ImmutableArray<BlockNode> nodes, Dictionary<string, BlockNode> byName, BlockGraph graph, IReadOnlySet<string> exported) => nodes
        .Where(n => n.HasUserGivenName && !SessionNames.IsOurs(n.Name))
        .Where(n => n.Driver is not ("null-co" or "null-aio" or "snapshot-access")
            && (n.Driver is not ("file" or "host_device" or "nbd") || exported.Contains(n.Name)))
        .Where(n => graph.Parents(n.Name).All(p => SessionNames.IsOurs(p)))
        .Select(n => Disk(graph.ThroughFilters(n, byName), byName, graph, null) with { IsReadOnly = n.IsReadOnly });

    private static VmDisk Disk(ImmutableArray<BlockNode> way, Dictionary<string, BlockNode> nodes, BlockGraph graph, string? otherName)
    {
        var node = way[^1];
        var named = way.Where(n => n.HasUserGivenName && !SessionNames.IsOurs(n.Name)).ToList();
        return new VmDisk
        {
            Name = (named.Contains(node) ? node.Name : named.FirstOrDefault()?.Name) ?? otherName ?? node.Name,
            Node = node,
            BackingNodes = graph.Backing(node, nodes),
            Encryption = graph.ToStorage(node, nodes).Select(n => n.Encryption).FirstOrDefault(e => e is not null),
        };
    }

    // The device id of one disk may be the node name of another: a name of two disks names neither.
    private static ImmutableArray<VmDisk> Disambiguate(List<VmDisk> disks)
    {
        var ambiguous = disks.GroupBy(d => d.Name).Where(g => g.Count() > 1).Select(g => g.Key).ToHashSet();
        return [.. disks.Select(d => ambiguous.Contains(d.Name) ? d with { Name = d.Node.Name } : d)];
    }

    private static string? DeviceId(string? qdev)
    {
        if (qdev is null or "")
            return null;
        if (!qdev.StartsWith('/'))
            return qdev;
        // Paths of devices with an id are /machine/peripheral/ID[/…]; of those without, /machine/peripheral-anon/device[0][/…].
        if (!qdev.StartsWith(PeripheralPath, StringComparison.Ordinal))
            return null;
        var id = qdev[PeripheralPath.Length..].Split('/')[0];
        return id.Length > 0 ? id : null;
    }
}
