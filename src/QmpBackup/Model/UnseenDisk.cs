namespace QmpBackup;

/// <summary>A guest device that holds data, or may do so, and has no node in QEMU's block layer: nothing of it can be backed up through QEMU.</summary>
/// <param name="Name">The id of the device, or its place in the device tree where it has none.</param>
/// <param name="Type">The type of the device, such as <c>vhost-user-blk-pci</c>.</param>
/// <param name="Reason">Why it cannot be backed up, as the end of a sentence.</param>
public sealed record UnseenDisk(string Name, string Type, string Reason)
{
    /// <summary>What is to be said of it.</summary>
    public string Remark => $"Disk {Name} ({Type}) is not backed up: {Reason}.";
}
