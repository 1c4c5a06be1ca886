namespace QmpBackup.Qmp;

/// <summary>The base of every exception of this library that is about the peer, the connection or a command.</summary>
/// <remarks>
/// Messages are whole sentences meant for a person. What they quote of the peer has its control characters escaped, so that
/// they can be printed on a terminal. Never decide anything by a message: use the type and its properties.
/// </remarks>
public abstract class QmpException : Exception
{
    private protected QmpException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>The peer sent something that QMP does not allow, or an answer that is not what the command promises.</summary>
public sealed class QmpProtocolException : QmpException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">A sentence for a person.</param>
    /// <param name="innerException">The cause, or null.</param>
    public QmpProtocolException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}

/// <summary>The peer did not answer in time. The session goes on; a late answer is dropped.</summary>
public sealed class QmpTimeoutException : QmpException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">A sentence for a person.</param>
    /// <param name="timeout">How long was waited.</param>
    /// <param name="innerException">The cause, or null for a plain <see cref="TimeoutException"/>.</param>
    public QmpTimeoutException(string message, TimeSpan timeout, Exception? innerException = null)
        : base(message, innerException ?? new TimeoutException(message)) => Timeout = timeout;

    /// <summary>How long was waited.</summary>
    public TimeSpan Timeout { get; }

    /// <summary>The command that got no answer, or null when something else was waited for.</summary>
    public string? CommandName { get; init; }

    /// <summary>
    /// Whether <see cref="CommandName"/> had been sent. If so QEMU may still carry it out; if not it never will.
    /// </summary>
    public bool CommandSent { get; init; }

    internal static QmpTimeoutException ForCommand(string command, TimeSpan timeout, bool sent)
    {
        var name = PeerText.Escape(command);
        var message = sent
            ? $"QEMU did not answer \"{name}\" within {Durations.Text(timeout)}. "
            + "It may be stopped, hung or busy, and may still carry the command out."
            : $"\"{name}\" could not be sent within {Durations.Text(timeout)}, and will not be: QEMU does not take commands at the moment.";
        return new(message, timeout) { CommandName = command, CommandSent = sent };
    }
}
