namespace QmpBackup.Nbd;

/// <summary>A transmission-phase command (the specification's <c>NBD_CMD_*</c>).</summary>
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
