namespace QmpBackup.Nbd;

/// <summary>A range of bytes in which no metadata context changes its flags.</summary>
public readonly struct NbdExtent : IEquatable<NbdExtent>
{
    private readonly ulong[] _flags;

    internal NbdExtent(long offset, long length, ulong[] flags)
    {
        Offset = offset;
        Length = length;
        _flags = flags;
    }

    /// <summary>First byte of the extent.</summary>
    public long Offset { get; }

    /// <summary>Length in bytes, never 0.</summary>
    public long Length { get; }

    /// <summary>First byte after the extent.</summary>
    public long End => Offset + Length;

    /// <summary>The flags of each context, in the order of <see cref="NbdClient.MetaContexts"/>.</summary>
    public ReadOnlySpan<ulong> Flags => _flags;

    /// <summary>The flags of one context.</summary>
    /// <param name="context">A context of the same client.</param>
    public ulong this[NbdMetaContext context]
    {
        get
        {
            ArgumentNullException.ThrowIfNull(context);
            return _flags[context.Index];
        }
    }

    /// <summary>True if both have the same range and the same flags.</summary>
    public static bool operator ==(NbdExtent left, NbdExtent right) => left.Equals(right);

    /// <summary>True if the ranges or the flags differ.</summary>
    public static bool operator !=(NbdExtent left, NbdExtent right) => !left.Equals(right);

    /// <inheritdoc/>
    public bool Equals(NbdExtent other) => Offset == other.Offset && Length == other.Length && Flags.SequenceEqual(other.Flags);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is NbdExtent other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Offset, Length);

    /// <summary><c>OFFSET+LENGTH [flags, …]</c></summary>
    public override string ToString() => $"{Offset}+{Length} [{string.Join(", ", _flags ?? [])}]";
}

/// <summary>
/// The answer to one <c>NBD_CMD_BLOCK_STATUS</c>. Each context has its own descriptors, which follow each other from <see cref="Offset"/>.
/// They may cover less or more than the request, and each context may cover a different range. <see
/// cref="NbdClient.EnumerateExtentsAsync"/> handles all this.
/// </summary>
public sealed class NbdBlockStatus
{
    private readonly IReadOnlyList<NbdStatusDescriptor>[] _contexts;

    internal NbdBlockStatus(long offset, IReadOnlyList<NbdStatusDescriptor>[] contexts)
    {
        Offset = offset;
        _contexts = contexts;
    }

    /// <summary>Offset of the first descriptor of every context, in bytes.</summary>
    public long Offset { get; }

    /// <summary>The descriptors of one context, at least one.</summary>
    /// <param name="context">A context of the same client.</param>
    public IReadOnlyList<NbdStatusDescriptor> this[NbdMetaContext context]
    {
        get
        {
            ArgumentNullException.ThrowIfNull(context);
            return _contexts[context.Index];
        }
    }
}

/// <summary>A block status descriptor: one range of bytes in the answer of a context.</summary>
/// <param name="Length">Length in bytes, never 0.</param>
/// <param name="Flags">The flags of the context, such as <see cref="NbdMetaContext.StateZero"/>.</param>
public readonly record struct NbdStatusDescriptor(long Length, ulong Flags);

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
