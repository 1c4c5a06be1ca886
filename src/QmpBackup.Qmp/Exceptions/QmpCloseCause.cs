namespace QmpBackup.Qmp;

/// <summary>What ended a QMP session.</summary>
public enum QmpCloseCause
{
    /// <summary>The client was disposed by its owner.</summary>
    Disposed,

    /// <summary>The peer closed the connection: QEMU ended, or its monitor was removed.</summary>
    ClosedByPeer,

    /// <summary>Reading or writing failed.</summary>
    TransportError,

    /// <summary>The peer broke the protocol, or went over one of the limits of <see cref="QmpClientOptions"/>.</summary>
    ProtocolError,
}
