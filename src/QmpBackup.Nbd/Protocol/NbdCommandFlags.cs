namespace QmpBackup.Nbd;

/// <summary>Flags of a request (the specification's <c>NBD_CMD_FLAG_*</c>).</summary>
[Flags]
public enum NbdCommandFlags
{
    /// <summary>No flag.</summary>
    None = 0,

    /// <summary><c>NBD_CMD_FLAG_FUA</c>: reply only once the data is on stable storage. Write, write zeroes, trim; needs <see cref="NbdTransmissionFlags.SendFua"/>.</summary>
    Fua = 1 << 0,

    /// <summary><c>NBD_CMD_FLAG_NO_HOLE</c>: write zeroes must leave the range fully provisioned.</summary>
    NoHole = 1 << 1,

    /// <summary><c>NBD_CMD_FLAG_DF</c>: answer a read in one piece; needs <see cref="NbdTransmissionFlags.SendDf"/>.</summary>
    DontFragment = 1 << 2,

    /// <summary><c>NBD_CMD_FLAG_REQ_ONE</c>: block status answers with one extent per context.</summary>
    RequestOne = 1 << 3,

    /// <summary><c>NBD_CMD_FLAG_FAST_ZERO</c>: write zeroes fails with <c>ENOTSUP</c> unless it is faster than a write; needs <see cref="NbdTransmissionFlags.SendFastZero"/>.</summary>
    FastZero = 1 << 4,
}
