namespace QmpBackup.Nbd;

/// <summary>Base of every failure that concerns an NBD server. An invalid argument is an <see cref="ArgumentException"/> instead.</summary>
public abstract class NbdException : Exception
{
    private protected NbdException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}

/// <summary>
/// The server broke the protocol. The connection is closed, because nothing that the server sends afterwards is reliable.
/// </summary>
public sealed class NbdProtocolException : NbdException
{
    internal NbdProtocolException(string message)
        : base(message)
    {
    }
}

/// <summary>The server did not answer in time.</summary>
public sealed class NbdTimeoutException : NbdException
{
    internal NbdTimeoutException(string message, TimeSpan timeout)
        : base(message)
    {
        Timeout = timeout;
    }

    /// <summary>The time limit that has passed.</summary>
    public TimeSpan Timeout { get; }
}

/// <summary>The export does not offer what the call needs. Nothing was sent.</summary>
public sealed class NbdNotSupportedException : NbdException
{
    internal NbdNotSupportedException(string feature, string message)
        : base(message)
    {
        Feature = feature;
    }

    /// <summary>The missing feature, by its name in the specification: for example <c>NBD_FLAG_SEND_TRIM</c>.</summary>
    public string Feature { get; }
}

/// <summary>The connection is closed: the request was not sent, or its reply never arrived.</summary>
public sealed class NbdConnectionClosedException : NbdException
{
    internal NbdConnectionClosedException(NbdCloseReason reason, string message, Exception? innerException = null)
        : base(message, innerException)
    {
        Reason = reason;
    }

    /// <summary>Why the connection is closed.</summary>
    public NbdCloseReason Reason { get; }
}

/// <summary>Why a connection is closed. A connection keeps its first reason.</summary>
public enum NbdCloseReason
{
    /// <summary><see cref="NbdClient.DisconnectAsync"/> closed it.</summary>
    Disconnected,

    /// <summary><see cref="NbdClient.DisposeAsync"/> closed it.</summary>
    Disposed,

    /// <summary>The server closed it.</summary>
    ServerClosed,

    /// <summary>The server announced its shutdown (<c>NBD_ESHUTDOWN</c>).</summary>
    ServerShutdown,

    /// <summary>Sending or receiving failed.</summary>
    TransportFailed,

    /// <summary>The server broke the protocol.</summary>
    ProtocolViolation,

    /// <summary>The server did not accept or answer a request in time.</summary>
    TimedOut,
}

/// <summary>
/// Inside the library: the server broke the protocol. Callers get an <see cref="NbdProtocolException"/> that names the server.
/// </summary>
internal sealed class NbdViolationException(string message) : Exception(message);
