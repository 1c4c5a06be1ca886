namespace QmpBackup.Nbd;

/// <summary>
/// The answer to one <c>NBD_CMD_BLOCK_STATUS</c>. Each context has its own consecutive runs from <see cref="Offset"/> on; they may cover less than
/// was asked for, or more, and not all contexts the same. <see cref="NbdClient.EnumerateExtentsAsync"/> takes care of all that.
/// </summary>
public sealed class NbdBlockStatus
{
    private readonly IReadOnlyList<NbdStatusDescriptor>[] _contexts;

    internal NbdBlockStatus(ulong offset, IReadOnlyList<NbdStatusDescriptor>[] contexts)
    {
        Offset = offset;
        _contexts = contexts;
    }

    /// <summary>Where the first run of every context begins, in bytes.</summary>
    public ulong Offset { get; }

    /// <summary>The runs of one context, at least one.</summary>
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
