namespace QmpBackup.Nbd;

/// <summary>Why a connection is closed. The first reason is the one that is kept.</summary>
public enum NbdCloseReason
{
    /// <summary><see cref="NbdClient.DisconnectAsync"/> ended it.</summary>
    Disconnected,

    /// <summary><see cref="NbdClient.DisposeAsync"/> ended it.</summary>
    Disposed,

    /// <summary>The server closed it.</summary>
    ServerClosed,

    /// <summary>The server announced its shutdown (<c>NBD_ESHUTDOWN</c>).</summary>
    ServerShutdown,

    /// <summary>Sending or receiving failed.</summary>
    TransportFailed,

    /// <summary>The server broke the protocol.</summary>
    ProtocolViolation,

    /// <summary>The server did not take or answer a request in time.</summary>
    TimedOut,
}
