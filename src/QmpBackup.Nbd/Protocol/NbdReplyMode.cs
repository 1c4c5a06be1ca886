namespace QmpBackup.Nbd;

/// <summary>The kind of reply headers negotiated with the server.</summary>
public enum NbdReplyMode
{
    /// <summary>Simple replies only: no holes in reads, no block status.</summary>
    Simple,

    /// <summary>Structured replies (<c>NBD_OPT_STRUCTURED_REPLY</c>).</summary>
    Structured,

    /// <summary>Extended headers (<c>NBD_OPT_EXTENDED_HEADERS</c>; QEMU 8.2 and later): 64-bit lengths.</summary>
    Extended,
}
