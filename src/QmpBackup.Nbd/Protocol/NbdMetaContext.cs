namespace QmpBackup.Nbd;

/// <summary>A metadata context that the server granted.</summary>
public sealed class NbdMetaContext
{
    /// <summary><c>base:allocation</c>: holes and zeroes.</summary>
    public const string BaseAllocation = "base:allocation";

    /// <summary><c>qemu:allocation-depth</c> (QEMU 5.2): the layer of the backing chain that holds an extent; 0 means none.</summary>
    public const string QemuAllocationDepth = "qemu:allocation-depth";

    /// <summary>The prefix of <c>qemu:dirty-bitmap:NAME</c> (QEMU 4.0): what has changed since the bitmap was created.</summary>
    public const string QemuDirtyBitmapPrefix = "qemu:dirty-bitmap:";

    /// <summary>Flag of <see cref="BaseAllocation"/> (<c>NBD_STATE_HOLE</c>): the extent is not allocated.</summary>
    public const ulong StateHole = 1;

    /// <summary>Flag of <see cref="BaseAllocation"/> (<c>NBD_STATE_ZERO</c>): the extent reads as zeroes.</summary>
    public const ulong StateZero = 2;

    /// <summary>Flag of a dirty bitmap (<c>NBD_STATE_DIRTY</c> of QEMU): the extent has changed.</summary>
    public const ulong StateDirty = 1;

    internal NbdMetaContext(string name, uint id, int index)
    {
        Name = name;
        Id = id;
        Index = index;
    }

    /// <summary>The full name, such as <c>qemu:dirty-bitmap:b0</c>.</summary>
    public string Name { get; }

    /// <summary>Its index in <see cref="NbdClient.MetaContexts"/>, and the index of its flags in every <see cref="NbdExtent"/>.</summary>
    public int Index { get; }

    internal uint Id { get; }

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}
