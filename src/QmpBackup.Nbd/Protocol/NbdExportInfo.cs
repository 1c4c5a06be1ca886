using QmpBackup.Nbd.Protocol;

namespace QmpBackup.Nbd;

/// <summary>The server's description of an export (<c>NBD_OPT_INFO</c> and <c>NBD_OPT_GO</c>).</summary>
public sealed record NbdExportInfo
{
    internal NbdExportInfo()
    {
    }

    /// <summary>The requested name; empty for the default export.</summary>
    public string Name { get; internal init; } = "";

    /// <summary>The server's own name of the export (<c>NBD_INFO_NAME</c>); null if it sent none.</summary>
    public string? CanonicalName { get; internal init; }

    /// <summary>
    /// A text for people (<c>NBD_INFO_DESCRIPTION</c>), exactly as the server sent it; null if it sent none. Escape it before you show it.
    /// </summary>
    public string? Description { get; internal init; }

    /// <summary>Size in bytes; never negative.</summary>
    public long Size { get; internal init; }

    /// <summary>What the export offers.</summary>
    public NbdTransmissionFlags Flags { get; internal init; }

    /// <summary>
    /// Offsets and lengths must be multiples of this, in bytes: a power of two from 1 to 65536. 1 if the server sent none.
    /// </summary>
    public long MinimumBlockSize { get; internal init; } = 1;

    /// <summary>Requests aligned to this are efficient, in bytes: a power of two. 4096 if the server sent none.</summary>
    public long PreferredBlockSize { get; internal init; } = 4096;

    /// <summary>The longest read or write that the server accepts, in bytes. 32 MiB if it sent none. Longer calls are split.</summary>
    public long MaximumPayloadSize { get; internal init; } = NbdConstants.DefaultMaxPayload;

    /// <summary>True if the export cannot be written.</summary>
    public bool IsReadOnly => (Flags & NbdTransmissionFlags.ReadOnly) != 0;

    /// <summary>True if several connections may be used at once.</summary>
    public bool CanMultiConn => (Flags & NbdTransmissionFlags.CanMultiConn) != 0;
}

/// <summary>An export in the answer to <c>NBD_OPT_LIST</c>.</summary>
/// <param name="Name">The name to connect with.</param>
/// <param name="Description">A text for people, exactly as the server sent it; empty if it sent none. Escape it before you show it.</param>
public sealed record NbdExportListing(string Name, string Description);

/// <summary>What an export offers (the transmission flags <c>NBD_FLAG_*</c> in the specification).</summary>
[Flags]
public enum NbdTransmissionFlags
{
    /// <summary>No flag.</summary>
    None = 0,

    /// <summary><c>NBD_FLAG_HAS_FLAGS</c>: always set.</summary>
    HasFlags = 1 << 0,

    /// <summary><c>NBD_FLAG_READ_ONLY</c></summary>
    ReadOnly = 1 << 1,

    /// <summary><c>NBD_FLAG_SEND_FLUSH</c></summary>
    SendFlush = 1 << 2,

    /// <summary><c>NBD_FLAG_SEND_FUA</c></summary>
    SendFua = 1 << 3,

    /// <summary><c>NBD_FLAG_ROTATIONAL</c></summary>
    Rotational = 1 << 4,

    /// <summary><c>NBD_FLAG_SEND_TRIM</c></summary>
    SendTrim = 1 << 5,

    /// <summary><c>NBD_FLAG_SEND_WRITE_ZEROES</c></summary>
    SendWriteZeroes = 1 << 6,

    /// <summary><c>NBD_FLAG_SEND_DF</c></summary>
    SendDf = 1 << 7,

    /// <summary><c>NBD_FLAG_CAN_MULTI_CONN</c>: a flush on one connection is effective for all of them.</summary>
    CanMultiConn = 1 << 8,

    /// <summary><c>NBD_FLAG_SEND_RESIZE</c> (an experimental extension; this client does not use it).</summary>
    SendResize = 1 << 9,

    /// <summary><c>NBD_FLAG_SEND_CACHE</c></summary>
    SendCache = 1 << 10,

    /// <summary><c>NBD_FLAG_SEND_FAST_ZERO</c></summary>
    SendFastZero = 1 << 11,

    /// <summary><c>NBD_FLAG_BLOCK_STATUS_PAYLOAD</c> (extended headers; this client does not use it).</summary>
    BlockStatusPayload = 1 << 12,
}
