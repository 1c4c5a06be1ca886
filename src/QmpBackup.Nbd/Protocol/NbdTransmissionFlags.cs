namespace QmpBackup.Nbd;

/// <summary>What an export offers (the specification's transmission flags, <c>NBD_FLAG_*</c>).</summary>
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

    /// <summary><c>NBD_FLAG_CAN_MULTI_CONN</c>: a flush on one connection holds for all of them.</summary>
    CanMultiConn = 1 << 8,

    /// <summary><c>NBD_FLAG_SEND_RESIZE</c> (an experimental extension; not used by this client).</summary>
    SendResize = 1 << 9,

    /// <summary><c>NBD_FLAG_SEND_CACHE</c></summary>
    SendCache = 1 << 10,

    /// <summary><c>NBD_FLAG_SEND_FAST_ZERO</c></summary>
    SendFastZero = 1 << 11,

    /// <summary><c>NBD_FLAG_BLOCK_STATUS_PAYLOAD</c> (extended headers; not used by this client).</summary>
    BlockStatusPayload = 1 << 12,
}
