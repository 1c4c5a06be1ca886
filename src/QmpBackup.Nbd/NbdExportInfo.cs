namespace QmpBackup.Nbd;

/// <summary>What the server says about an export (<c>NBD_OPT_INFO</c> and <c>NBD_OPT_GO</c>).</summary>
public sealed record NbdExportInfo
{
    internal NbdExportInfo()
    {
    }

    /// <summary>The name that was asked for; empty for the default export.</summary>
    public string Name { get; internal init; } = "";

    /// <summary>The server's own name of the export (<c>NBD_INFO_NAME</c>); null if it did not say.</summary>
    public string? CanonicalName { get; internal init; }

    /// <summary>A text for people (<c>NBD_INFO_DESCRIPTION</c>), as the server sent it; null if it did not say. Escape it before showing it.</summary>
    public string? Description { get; internal init; }

    /// <summary>Size in bytes, below 2^63.</summary>
    public ulong Size { get; internal init; }

    /// <summary>What the export offers.</summary>
    public NbdTransmissionFlags Flags { get; internal init; }

    /// <summary>Offsets and lengths must be multiples of this many bytes: a power of two from 1 to 65536. 1 if the server did not say.</summary>
    public uint MinimumBlockSize { get; internal init; } = 1;

    /// <summary>Aligned to this many bytes requests are efficient: a power of two. 4096 if the server did not say.</summary>
    public uint PreferredBlockSize { get; internal init; } = 4096;

    /// <summary>The longest read or write that the server takes, in bytes. 32 MiB if it did not say. Longer calls are split.</summary>
    public uint MaximumPayloadSize { get; internal init; } = Protocol.NbdConstants.DefaultMaxPayload;

    /// <summary>True if nothing can be written.</summary>
    public bool IsReadOnly => (Flags & NbdTransmissionFlags.ReadOnly) != 0;

    /// <summary>True if several connections may be used at once.</summary>
    public bool CanMultiConn => (Flags & NbdTransmissionFlags.CanMultiConn) != 0;
}
