namespace QmpBackup.Qmp;

/// <summary>Why no QMP session came about.</summary>
public enum QmpConnectFailure
{
    /// <summary>There is no such socket, or no such host.</summary>
    NotFound,

    /// <summary>Nothing listens there.</summary>
    Refused,

    /// <summary>The operating system does not let this user open the socket.</summary>
    PermissionDenied,

    /// <summary>The connection did not come about within <see cref="QmpClientOptions.ConnectTimeout"/>.</summary>
    Timeout,

    /// <summary>
    /// The peer accepted the connection and did not greet: the monitor is in use by another client, or QEMU is stopped or hung.
    /// </summary>
    NoGreeting,

    /// <summary>The peer speaks, but it is not QMP: a human monitor, a guest agent, a console, some other server.</summary>
    NotQmp,

    /// <summary>The peer greeted and then did not answer the capabilities negotiation, or refused it.</summary>
    Negotiation,

    /// <summary>The operating system reports some other fault, such as no route to the host.</summary>
    Unreachable,
}
