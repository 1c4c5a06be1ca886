using System.Collections.Immutable;
using QmpBackup.Model;

namespace QmpBackup;

/// <summary>An immutable picture of a VM, as it was when it was observed: all that the planners look at.</summary>
public sealed record VmState
{
    /// <summary>QEMU's version as <c>major.minor.micro</c>.</summary>
    public required Version Version { get; init; }

    /// <summary>What this QEMU can do.</summary>
    internal QemuFeatures Features { get; init; } = new();

    /// <summary>The VM's name (<c>-name</c>); null where it has none.</summary>
    public string? Name { get; init; }

    /// <summary>The VM's UUID; null where it has none.</summary>
    public string? Uuid { get; init; }

    /// <summary>QAPI's <c>RunState</c>, such as <c>running</c>; null where there is no VM to run (qemu-storage-daemon).</summary>
    public string? RunState { get; init; }

    /// <summary>
    /// The nodes, as the guest's devices stand on them, on which an access has failed so that the VM stopped. QEMU forgets it when the VM
    /// goes on.
    /// </summary>
    internal ImmutableArray<string> FailedNodes { get; init; } = [];

    /// <summary>How many of the guest's writes have failed since QEMU was started, by the node that the device stands on.</summary>
    internal ImmutableDictionary<string, long> FailedWrites { get; init; } = ImmutableDictionary<string, long>.Empty;

    /// <summary>
    /// QAPI's <c>MigrationStatus</c> of the newest migration, out or in, such as <c>active</c>; null where there was none.
    /// </summary>
    public string? MigrationStatus { get; init; }

    /// <summary>The disks with a medium, read-only ones too, in the order of the devices.</summary>
    public ImmutableArray<VmDisk> Disks { get; init; } = [];

    /// <summary>The guest devices that hold data which QEMU does not see.</summary>
    public ImmutableArray<UnseenDisk> UnseenDisks { get; init; } = [];

    /// <summary>All nodes.</summary>
    public ImmutableArray<BlockNode> Nodes { get; init; } = [];

    /// <summary>All jobs.</summary>
    internal ImmutableArray<VmJob> Jobs { get; init; } = [];

    /// <summary>All exports.</summary>
    internal ImmutableArray<VmExport> Exports { get; init; } = [];

    /// <summary>The NBD server that a storage daemon was started with; null where it has none, or this host cannot tell.</summary>
    internal VmNbdServer? NbdServer { get; init; }

    /// <summary>Whether QEMU holds the mark of an open backup.</summary>
    internal bool HasNote { get; init; }

    /// <summary>What the mark says; null where there is none, or it cannot be read.</summary>
    internal SessionNote? Note { get; init; }

    /// <summary>The process behind a unix socket; null over TCP.</summary>
    internal VmProcess? Process { get; init; }

    /// <summary>Whether the NBD socket that the mark names is there; null where this host cannot tell.</summary>
    internal bool? NbdSocketExists { get; init; }

    /// <summary>The scratch folders on this host, of whatever backup; empty over TCP.</summary>
    internal ImmutableArray<ScratchFolder> ScratchFolders { get; init; } = [];

    /// <summary>Directories that may hold scratch folders and did not answer: a file system hangs.</summary>
    internal ImmutableArray<string> SilentDirectories { get; init; } = [];

    /// <summary>The node with this name, or null.</summary>
    /// <param name="name">The node name.</param>
    public BlockNode? FindNode(string name) => Nodes.FirstOrDefault(n => n.Name == name);

    /// <summary>The job with this id, or null.</summary>
    /// <param name="id">The id.</param>
    internal VmJob? FindJob(string id) => Jobs.FirstOrDefault(j => j.Id == id);
}
