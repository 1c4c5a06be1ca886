namespace QmpBackup.Nbd;

/// <summary>One run of bytes in a context's answer to a block status request.</summary>
/// <param name="Length">Length in bytes, never 0.</param>
/// <param name="Flags">The context's flags, as <see cref="NbdMetaContext.StateZero"/>.</param>
public readonly record struct NbdStatusDescriptor(ulong Length, ulong Flags);
