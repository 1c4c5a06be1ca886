namespace QmpBackup.Nbd;

/// <summary>Why no connection came about.</summary>
public enum NbdConnectFailure
{
    /// <summary>Some other failure of the transport; see the inner exception.</summary>
    Other,

    /// <summary>The socket file does not exist.</summary>
    NotFound,

    /// <summary>Nobody listens there.</summary>
    Refused,

    /// <summary>The user may not open the socket.</summary>
    PermissionDenied,

    /// <summary>The host name is not known.</summary>
    HostNotFound,

    /// <summary>The host cannot be reached.</summary>
    Unreachable,

    /// <summary>The server closed the connection during the handshake.</summary>
    ClosedByServer,

    /// <summary>TLS is demanded here but the server does not offer it.</summary>
    TlsNotOffered,

    /// <summary>The server demands TLS but none is configured here.</summary>
    TlsRequired,

    /// <summary>The TLS handshake failed: an untrusted or wrong certificate, on either side.</summary>
    TlsFailed,

    /// <summary>The kind of TLS asked for (<c>psk</c>, <c>anon</c>) or the protocol (oldstyle NBD) is not supported.</summary>
    NotSupported,

    /// <summary>Another process than the one that was asked for listens at the socket.</summary>
    OtherProcess,
}
