namespace QmpBackup.Qmp;

/// <summary>A QMP session could not be opened; <see cref="Reason"/> says why.</summary>
public sealed class QmpConnectException : QmpException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="reason">Why the session could not be opened.</param>
    /// <param name="message">What happened, in whole sentences.</param>
    /// <param name="innerException">The cause, or null.</param>
    public QmpConnectException(QmpConnectFailure reason, string message, Exception? innerException = null)
        : base(message, innerException) => Reason = reason;

    /// <summary>Why the session could not be opened.</summary>
    public QmpConnectFailure Reason { get; }
}

/// <summary>Why a QMP session could not be opened.</summary>
public enum QmpConnectFailure
{
    /// <summary>The socket or the host does not exist.</summary>
    NotFound,

    /// <summary>Nothing listens there.</summary>
    Refused,

    /// <summary>This user has no permission to open the socket.</summary>
    PermissionDenied,

    /// <summary>The connection was not open within <see cref="QmpClientOptions.ConnectTimeout"/>.</summary>
    Timeout,

    /// <summary>
    /// The peer accepted the connection but sent no greeting: the monitor is in use by another client, or QEMU is stopped or hung.
    /// </summary>
    NoGreeting,

    /// <summary>The peer does not speak QMP: it is a human monitor, a guest agent, a console or some other server.</summary>
    NotQmp,

    /// <summary>The peer sent a greeting, but did not answer or refused <c>qmp_capabilities</c>.</summary>
    Negotiation,

    /// <summary>The operating system reported another fault, such as no route to the host.</summary>
    Unreachable,
}

/// <summary>The session ended before the call.</summary>
public sealed class QmpConnectionClosedException : QmpException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="cause">What ended the session.</param>
    /// <param name="message">What happened, in whole sentences.</param>
    /// <param name="innerException">The cause, or null.</param>
    public QmpConnectionClosedException(QmpCloseCause cause, string message, Exception? innerException = null)
        : base(message, innerException) => Cause = cause;

    /// <summary>What ended the session.</summary>
    public QmpCloseCause Cause { get; }

    /// <summary>The command that waited for its answer; null when the call waited for something else.</summary>
    public string? CommandName { get; init; }

    /// <summary>
    /// Whether the command was sent. If so, QEMU may have executed it; if not, it has not.
    /// </summary>
    public bool CommandSent { get; init; }

    internal QmpConnectionClosedException ForCommand(string command, bool sent) =>
        new(Cause, sent
            ? $"{Message} \"{PeerText.Escape(command)}\" was waiting for its answer; QEMU may have executed it."
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
    /// <summary>The client was disposed.</summary>
    Disposed,

    /// <summary>The peer closed the connection: QEMU ended, or its monitor was removed.</summary>
    ClosedByPeer,

    /// <summary>Reading or writing failed.</summary>
    TransportError,

    /// <summary>The peer broke the protocol, or exceeded one of the limits of <see cref="QmpClientOptions"/>.</summary>
    ProtocolError,
}
