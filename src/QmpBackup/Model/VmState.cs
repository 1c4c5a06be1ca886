using System.Collections.Immutable;
using QmpBackup.Model;

namespace QmpBackup;

/// <summary>The state of a VM when it was observed; immutable. Planners use nothing else.</summary>
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

    /// <summary>The ids of monitors that qbackup made for itself and nobody uses: it was killed before it could connect.</summary>
    internal ImmutableArray<string> LeftMonitors { get; init; } = [];

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
}

/// <summary>A disk of the VM: the guest device, and the node that receives the guest's writes and has the bitmaps.</summary>
public sealed record VmDisk
{
    /// <summary>
    /// A name that is the same after a restart: the node name where the user gave one, else the id of the guest device, else the id of the
    /// drive.
    /// </summary>
    public required string Name { get; init; }

    /// <summary>The node that has the bitmaps. It is below filters that the user has added, such as throttle.</summary>
    public required BlockNode Node { get; init; }

    /// <summary>The id of the guest device; null where it has none, or there is no device.</summary>
    public string? Device { get; init; }

    /// <summary>The name of the block backend (<c>-drive id=</c>); null where there is none.</summary>
    public string? Drive { get; init; }

    /// <summary>The QOM path of the guest device; null where there is no device.</summary>
    public string? QomPath { get; init; }

    /// <summary>
    /// The node that the guest's device stands on: a filter above <see cref="Node"/>, or that itself; null where there is no device.
    /// </summary>
    internal string? Top { get; init; }

    /// <summary>The nodes of its backing images, nearest first.</summary>
    public ImmutableArray<string> BackingNodes { get; init; } = [];

    /// <summary>Whether the guest can only read it. Such a disk is left out of backups.</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>Whether the guest device uses an iothread, or may use one and QEMU does not say.</summary>
    public bool MayUseIoThread { get; init; }

    /// <summary>Whether others may write to it too (<c>share-rw</c> of the device). No bitmap of this VM records that.</summary>
    public bool IsShared { get; init; }

    /// <summary>
    /// Whether the guest's commands go to a SCSI device unchanged (<c>scsi-block</c>, <c>scsi-generic</c>). Bitmaps do not record them, and
    /// they fail while a job's filter is above the node. Such a disk is left out of backups.
    /// </summary>
    public bool IsPassthrough { get; init; }

    /// <summary>Whether it is a CD-ROM for the guest. It is left out of backups unless it is named.</summary>
    public bool IsCdRom { get; init; }

    /// <summary>How the image is encrypted, such as <c>luks</c>; null if it is not. QEMU decrypts the data that is read.</summary>
    public string? Encryption { get; init; }

    /// <summary>The virtual size, in bytes.</summary>
    public long Size => Node.Size;

    /// <summary>The bitmaps on it.</summary>
    public ImmutableArray<DirtyBitmap> Bitmaps => Node.Bitmaps;

    /// <summary>
    /// Whether the image can store a bitmap. If not, the bitmap is in QEMU's memory only, and a restart of QEMU loses it.
    /// </summary>
    public bool CanPersistBitmaps => Node is { Driver: "qcow2", Qcow2Compat: not "0.10" };

    /// <summary>Whether <paramref name="name"/> is one of this disk's names.</summary>
    /// <param name="name">A disk's name, its node name, the id of its guest device or of its drive.</param>
    public bool IsCalled(string name) => Name == name || Node.Name == name || Device == name || Drive == name;
}

/// <summary>
/// A guest device that holds data, or may hold data, and has no node in QEMU's block layer. QEMU cannot back it up.
/// </summary>
/// <param name="Name">The id of the device, or its place in the device tree where it has none.</param>
/// <param name="Type">The type of the device, such as <c>vhost-user-blk-pci</c>.</param>
/// <param name="Reason">Why it cannot be backed up, as the end of a sentence.</param>
public sealed record UnseenDisk(string Name, string Type, string Reason)
{
    /// <summary>A sentence for the user: the disk is not backed up, and why.</summary>
    public string Remark => $"Disk {Name} ({Type}) is not backed up: {Reason}.";
}

/// <summary>A node of QEMU's block graph.</summary>
public sealed record BlockNode
{
    /// <summary>The node name. Names that QEMU generates begin with <c>#</c> and change with a restart.</summary>
    public required string Name { get; init; }

    /// <summary>The driver, such as <c>qcow2</c>, <c>raw</c> or <c>file</c>.</summary>
    public required string Driver { get; init; }

    /// <summary>Whether the node cannot be written.</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>
    /// Whether it is inactive: the image belongs to the QEMU that the VM migrated from, until the VM runs here. Known since QEMU 10.0.
    /// </summary>
    public bool IsInactive { get; init; }

    /// <summary>How this image is encrypted, such as <c>luks</c>; null if it is not.</summary>
    public string? Encryption { get; init; }

    /// <summary>The virtual size, in bytes.</summary>
    public long Size { get; init; }

    /// <summary>The size that the image takes in its storage, in bytes; null if QEMU does not know, 0 for a device.</summary>
    public long? AllocatedSize { get; init; }

    /// <summary>The file name, or a <c>json:</c> description where there is no simple name.</summary>
    public string FileName { get; init; } = "";

    /// <summary>The version of a qcow2 image, <c>0.10</c> or <c>1.1</c>; null for other formats.</summary>
    public string? Qcow2Compat { get; init; }

    /// <summary>The bitmaps on the node, in QEMU's order.</summary>
    public ImmutableArray<DirtyBitmap> Bitmaps { get; init; } = [];

    /// <summary>Whether the user gave the name, so that it is the same after a restart.</summary>
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

    /// <summary>Whether it is damaged, because QEMU did not close the image properly. It can only be removed.</summary>
    public bool IsInconsistent { get; init; }
}
