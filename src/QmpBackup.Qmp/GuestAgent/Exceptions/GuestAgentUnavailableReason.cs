namespace QmpBackup.Qmp;

/// <summary>Why a guest agent cannot be talked to.</summary>
public enum GuestAgentUnavailableReason
{
    /// <summary>There is no such socket, or no such host.</summary>
    NotFound,

    /// <summary>Nothing listens there.</summary>
    Refused,

    /// <summary>The operating system does not let this user open the socket.</summary>
    PermissionDenied,

    /// <summary>The socket could not be opened in time.</summary>
    ConnectTimeout,

    /// <summary>So many clients wait for the port that this one is turned away.</summary>
    Busy,

    /// <summary>The socket could not be opened for another reason, such as no route to the host.</summary>
    Unreachable,

    /// <summary>
    /// The socket is open and nobody answers: no agent runs in the guest, the VM is paused or busy, or another client holds the port.
    /// </summary>
    NoAnswer,

    /// <summary>
    /// QEMU does not even read what is sent: nothing in the guest has opened the port, or the guest does not have it.
    /// </summary>
    NotRead,

    /// <summary>The connection was closed, by QEMU as a rule.</summary>
    Closed,
}
