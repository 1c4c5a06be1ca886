namespace QmpBackup.Nbd;

/// <summary>
/// An error of a command: the numbers are the specification's <c>NBD_E*</c> values. A server may send others; they are kept as they came
/// and are to be treated like <see cref="EINVAL"/>.
/// </summary>
public enum NbdError
{
    /// <summary>No error.</summary>
    None = 0,

    /// <summary>Operation not permitted (a write to a read-only export).</summary>
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

    /// <summary>Operation not supported (a fast zero that would not be fast).</summary>
    ENOTSUP = 95,

    /// <summary>The server is being shut down.</summary>
    ESHUTDOWN = 108,
}
