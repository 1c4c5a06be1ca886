namespace QmpBackup.Nbd;

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
