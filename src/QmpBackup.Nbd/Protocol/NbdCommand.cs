namespace QmpBackup.Nbd;

/// <summary>A command of the transmission phase (<c>NBD_CMD_*</c> in the specification).</summary>
public enum NbdCommand
{
    /// <summary><c>NBD_CMD_READ</c></summary>
    Read = 0,

    /// <summary><c>NBD_CMD_WRITE</c></summary>
    Write = 1,

    /// <summary><c>NBD_CMD_DISC</c>: soft disconnect; has no reply.</summary>
    Disconnect = 2,

    /// <summary><c>NBD_CMD_FLUSH</c></summary>
    Flush = 3,

    /// <summary><c>NBD_CMD_TRIM</c></summary>
    Trim = 4,

    /// <summary><c>NBD_CMD_CACHE</c></summary>
    Cache = 5,

    /// <summary><c>NBD_CMD_WRITE_ZEROES</c></summary>
    WriteZeroes = 6,

    /// <summary><c>NBD_CMD_BLOCK_STATUS</c></summary>
    BlockStatus = 7,
}

/// <summary>Flags of a command (<c>NBD_CMD_FLAG_*</c> in the specification).</summary>
[Flags]
public enum NbdCommandFlags
{
    /// <summary>No flag.</summary>
    None = 0,

    /// <summary>
    /// <c>NBD_CMD_FLAG_FUA</c>: the server replies only when the data is on stable storage. For write, write zeroes and trim;
    /// needs <see cref="NbdTransmissionFlags.SendFua"/>.
    /// </summary>
    Fua = 1 << 0,

    /// <summary><c>NBD_CMD_FLAG_NO_HOLE</c>: write zeroes allocates the range.</summary>
    NoHole = 1 << 1,

    /// <summary><c>NBD_CMD_FLAG_DF</c>: the server answers a read in one chunk; needs <see cref="NbdTransmissionFlags.SendDf"/>.</summary>
    DontFragment = 1 << 2,

    /// <summary><c>NBD_CMD_FLAG_REQ_ONE</c>: the server answers block status with one extent per context.</summary>
    RequestOne = 1 << 3,

    /// <summary>
    /// <c>NBD_CMD_FLAG_FAST_ZERO</c>: write zeroes fails with <c>ENOTSUP</c> unless it is faster than a write;
    /// needs <see cref="NbdTransmissionFlags.SendFastZero"/>.
    /// </summary>
    FastZero = 1 << 4,
}

/// <summary>
/// The error of a command. The numbers are those of <c>NBD_E*</c> in the specification. A number that the specification does not define is
/// kept; treat it like <see cref="EINVAL"/>.
/// </summary>
public enum NbdError
{
    /// <summary>No error.</summary>
    None = 0,

    /// <summary>Operation not permitted, for example a write to a read-only export.</summary>
    EPERM = 1,

    /// <summary>Input/output error.</summary>
    EIO = 5,

    /// <summary>Cannot allocate memory.</summary>
    ENOMEM = 12,

    /// <summary>Invalid argument.</summary>
    EINVAL = 22,

    /// <summary>No space left on device.</summary>
    ENOSPC = 28,

    /// <summary>Value too large.</summary>
    EOVERFLOW = 75,

    /// <summary>Operation not supported, for example a fast zero that would not be fast.</summary>
    ENOTSUP = 95,

    /// <summary>The server is shutting down.</summary>
    ESHUTDOWN = 108,
}

/// <summary>The kind of replies that client and server negotiated.</summary>
public enum NbdReplyMode
{
    /// <summary>Simple replies only: no holes in reads, no block status.</summary>
    Simple,

    /// <summary>Structured replies (<c>NBD_OPT_STRUCTURED_REPLY</c>).</summary>
    Structured,

    /// <summary>Extended headers with 64-bit lengths (<c>NBD_OPT_EXTENDED_HEADERS</c>; QEMU 8.2 and later).</summary>
    Extended,
}
