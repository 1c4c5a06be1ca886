namespace QmpBackup.Qmp;

/// <summary>No QMP session came about; <see cref="Reason"/> says why.</summary>
public sealed class QmpConnectException : QmpException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="reason">Why no session came about.</param>
    /// <param name="message">A sentence for a person.</param>
    /// <param name="innerException">The cause, or null.</param>
    public QmpConnectException(QmpConnectFailure reason, string message, Exception? innerException = null)
        : base(message, innerException) => Reason = reason;

    /// <summary>Why no session came about.</summary>
    public QmpConnectFailure Reason { get; }
}

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

/// <summary>The session ended before the call did.</summary>
public sealed class QmpConnectionClosedException : QmpException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="cause">What ended the session.</param>
    /// <param name="message">A sentence for a person.</param>
    /// <param name="innerException">The cause, or null.</param>
    public QmpConnectionClosedException(QmpCloseCause cause, string message, Exception? innerException = null)
        : base(message, innerException) => Cause = cause;

    /// <summary>What ended the session.</summary>
    public QmpCloseCause Cause { get; }

    /// <summary>The command that was waiting for its answer, or null when it was not a command that waited.</summary>
    public string? CommandName { get; init; }

    /// <summary>
    /// Whether <see cref="CommandName"/> had been sent. If so QEMU may or may not have carried it out; if not it certainly has not.
    /// </summary>
    public bool CommandSent { get; init; }

    internal QmpConnectionClosedException ForCommand(string command, bool sent) =>
        new(Cause, sent
            ? $"{Message} \"{PeerText.Escape(command)}\" was waiting for its answer and may or may not have been carried out."
            : $"{Message} \"{PeerText.Escape(command)}\" was not sent.", InnerException)
        {
            CommandName = command,
            CommandSent = sent,
        };

    internal QmpConnectionClosedException ForSubscription() => new(Cause, Message, InnerException);
}

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
