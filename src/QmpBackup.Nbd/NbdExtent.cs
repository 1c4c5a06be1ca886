namespace QmpBackup.Nbd;

/// <summary>A run of bytes over which no context changes its flags.</summary>
public readonly struct NbdExtent : IEquatable<NbdExtent>
{
    private readonly ulong[] _flags;

    internal NbdExtent(ulong offset, ulong length, ulong[] flags)
    {
        Offset = offset;
        Length = length;
        _flags = flags;
    }

    /// <summary>Where it begins, in bytes.</summary>
    public ulong Offset { get; }

    /// <summary>Length in bytes, never 0.</summary>
    public ulong Length { get; }

    /// <summary>Where it ends, in bytes (exclusive).</summary>
    public ulong End => Offset + Length;

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

    /// <summary>Equality of place and flags.</summary>
    public static bool operator ==(NbdExtent left, NbdExtent right) => left.Equals(right);

    /// <summary>Inequality of place or flags.</summary>
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
