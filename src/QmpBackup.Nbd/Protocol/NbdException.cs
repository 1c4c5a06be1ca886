using QmpBackup.Nbd.Protocol;

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

/// <summary>The client could not connect to the server.</summary>
public sealed class NbdConnectException : NbdException
{
    internal NbdConnectException(NbdConnectFailure reason, string message, Exception? innerException = null)
        : base(message, innerException)
    {
        Reason = reason;
    }

    /// <summary>Why the connection failed.</summary>
    public NbdConnectFailure Reason { get; }
}

/// <summary>Why a client could not connect.</summary>
public enum NbdConnectFailure
{
    /// <summary>Another failure of the transport; see the inner exception.</summary>
    Other,

    /// <summary>The socket file does not exist.</summary>
    NotFound,

    /// <summary>No server listens at the address.</summary>
    Refused,

    /// <summary>The user has no permission to open the socket.</summary>
    PermissionDenied,

    /// <summary>The host name is unknown.</summary>
    HostNotFound,

    /// <summary>The host is unreachable.</summary>
    Unreachable,

    /// <summary>The server closed the connection during the handshake.</summary>
    ClosedByServer,

    /// <summary>The client requires TLS, and the server does not offer it.</summary>
    TlsNotOffered,

    /// <summary>The server requires TLS, and the client is not configured for it.</summary>
    TlsRequired,

    /// <summary>The TLS handshake failed: one side does not accept the certificate of the other.</summary>
    TlsFailed,

    /// <summary>The URI's kind of TLS (<c>psk</c>, <c>anon</c>) or the server's protocol (oldstyle NBD) is not supported.</summary>
    NotSupported,

    /// <summary>The process that listens at the socket is not <see cref="NbdClientOptions.ServerProcess"/>.</summary>
    OtherProcess,
}

/// <summary>
/// The server answered a command with an error. The connection stays usable, except after <see cref="NbdError.ESHUTDOWN"/>.
/// </summary>
public sealed class NbdCommandException : NbdException
{
    internal NbdCommandException(NbdCommand command, NbdError error, long offset, long length, long? errorOffset, string serverMessage)
        : base(Describe(command, error, offset, length, errorOffset, serverMessage))
    {
        Command = command;
        Error = error;
        ErrorName = NbdConstants.ErrorName(error);
        Offset = offset;
        Length = length;
        ErrorOffset = errorOffset;
        ServerMessage = serverMessage;
    }

    /// <summary>The command that failed.</summary>
    public NbdCommand Command { get; }

    /// <summary>The error. Treat a value without a name like <see cref="NbdError.EINVAL"/>.</summary>
    public NbdError Error { get; }

    /// <summary>The name of the error, such as <c>EIO</c>; <c>errno N</c> for a number that NBD does not define.</summary>
    public string ErrorName { get; }

    /// <summary>Offset of the request, in bytes.</summary>
    public long Offset { get; }

    /// <summary>Length of the request, in bytes. A long call is split into several requests: this is the one that failed.</summary>
    public long Length { get; }

    /// <summary>Offset of the failure in bytes, if the server sent it (<c>NBD_REPLY_TYPE_ERROR_OFFSET</c>); otherwise null.</summary>
    public long? ErrorOffset { get; }

    /// <summary>The server's message, with control characters escaped; empty if it sent none.</summary>
    public string ServerMessage { get; }

    private static string Describe(NbdCommand command, NbdError error, long offset, long length, long? errorOffset, string serverMessage)
    {
        var range = command == NbdCommand.Flush ? "" : $" at offset {offset}, length {length}";
        var exact = errorOffset is { } at ? $", failing at {at}" : "";
        var detail = serverMessage.Length == 0 ? "" : $" ({serverMessage})";
        return $"{NbdConstants.CommandName(command)}{range}{exact}: {NbdConstants.ErrorName(error)}{detail}";
    }
}

/// <summary>The server refused an option of the handshake, for example because the export does not exist.</summary>
public sealed class NbdOptionException : NbdException
{
    internal NbdOptionException(uint option, uint error, string subject, string serverMessage)
        : base(Describe(option, error, subject, serverMessage))
    {
        OptionName = NbdConstants.OptionName(option);
        ErrorCode = error;
        ErrorName = NbdConstants.OptionErrorName(error);
        ServerMessage = serverMessage;
    }

    /// <summary>The name of the option in the specification, such as <c>NBD_OPT_GO</c>.</summary>
    public string OptionName { get; }

    /// <summary>The number of the error; bit 31 is always set.</summary>
    public uint ErrorCode { get; }

    /// <summary>The name of the error in the specification, such as <c>NBD_REP_ERR_UNKNOWN</c>.</summary>
    public string ErrorName { get; }

    /// <summary>The server's message, with control characters escaped; empty if it sent none.</summary>
    public string ServerMessage { get; }

    private static string Describe(uint option, uint error, string subject, string serverMessage)
    {
        var text = $"The NBD server refused {NbdConstants.OptionName(option)}{subject}: {NbdConstants.OptionErrorName(error)}";
        return serverMessage.Length == 0 ? text : $"{text} ({serverMessage})";
    }
}
