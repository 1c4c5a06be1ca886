using System.Collections.Immutable;

namespace QmpBackup;

/// <summary>A disk of the VM: the node that the guest's writes reach and that carries the bitmaps, and the device above it.</summary>
public sealed record VmDisk
{
    /// <summary>
    /// A name that is the same after a restart: the node name where the user gave one, else the id of the guest device, else the id of the
    /// drive.
    /// </summary>
    public required string Name { get; init; }

    /// <summary>The node that carries the bitmaps. Filters that the user put above it, such as throttle, are not it.</summary>
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

    /// <summary>The nodes of the images below it that it is based on, nearest first.</summary>
    public ImmutableArray<string> BackingNodes { get; init; } = [];

    /// <summary>Whether the guest can only read it: such a disk is left out of backups.</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>Whether the guest's device works in an iothread, or may do so and QEMU does not tell.</summary>
    public bool MayUseIoThread { get; init; }

    /// <summary>Whether others may write it, too (<c>share-rw</c> of the device): no bitmap of this VM knows of that.</summary>
    public bool IsShared { get; init; }

    /// <summary>
    /// Whether the guest's commands go to a SCSI device as they are (<c>scsi-block</c>, <c>scsi-generic</c>): they pass bitmaps by, and
    /// fail while a job's filter is above the node. Such a disk is left out of backups.
    /// </summary>
    public bool IsPassthrough { get; init; }

    /// <summary>Whether it is a CD-ROM for the guest, whatever its node is: it is left out of backups unless it is named.</summary>
    public bool IsCdRom { get; init; }

    /// <summary>How the image is encrypted, such as <c>luks</c>: what is read of it is decrypted. Null where it is not.</summary>
    public string? Encryption { get; init; }

    /// <summary>The virtual size, in bytes.</summary>
    public long Size => Node.Size;

    /// <summary>The bitmaps on it.</summary>
    public ImmutableArray<DirtyBitmap> Bitmaps => Node.Bitmaps;

    /// <summary>Whether a bitmap on it can be saved in the image; else it lives in QEMU's memory and a restart of QEMU loses it.</summary>
    public bool CanPersistBitmaps => Node is { Driver: "qcow2", Qcow2Compat: not "0.10" };

    /// <summary>Whether the user may mean this disk by <paramref name="name"/>.</summary>
    /// <param name="name">A disk's name, its node name, the id of its guest device or of its drive.</param>
    public bool IsCalled(string name) => Name == name || Node.Name == name || Device == name || Drive == name;
}

/// <summary>
/// A guest device that holds data, or may do so, and has no node in QEMU's block layer: nothing of it can be backed up through QEMU.
/// </summary>
/// <param name="Name">The id of the device, or its place in the device tree where it has none.</param>
/// <param name="Type">The type of the device, such as <c>vhost-user-blk-pci</c>.</param>
/// <param name="Reason">Why it cannot be backed up, as the end of a sentence.</param>
public sealed record UnseenDisk(string Name, string Type, string Reason)
{
    /// <summary>What is to be said of it.</summary>
    public string Remark => $"Disk {Name} ({Type}) is not backed up: {Reason}.";
}
