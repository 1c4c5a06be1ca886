namespace QmpBackup.Qmp;

/// <summary>The base of all exceptions about the peer, the connection or a command.</summary>
/// <remarks>
/// Messages are whole sentences for people. Control characters in quoted text of the peer are escaped, so messages are safe to print on
/// a terminal. Do not parse messages: use the type and its properties.
/// </remarks>
public abstract class QmpException : Exception
{
    private protected QmpException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>The peer sent something that QMP does not allow, or an answer that does not have the type of the command.</summary>
public sealed class QmpProtocolException : QmpException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What happened, in whole sentences.</param>
    /// <param name="innerException">The cause, or null.</param>
    public QmpProtocolException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}

/// <summary>The peer did not answer in time. The session stays open; a late answer is dropped.</summary>
public sealed class QmpTimeoutException : QmpException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What happened, in whole sentences.</param>
    /// <param name="timeout">The time limit.</param>
    /// <param name="innerException">The cause, or null for a plain <see cref="TimeoutException"/>.</param>
    public QmpTimeoutException(string message, TimeSpan timeout, Exception? innerException = null)
        : base(message, innerException ?? new TimeoutException(message)) => Timeout = timeout;

    /// <summary>The time limit.</summary>
    public TimeSpan Timeout { get; }

    /// <summary>The command without an answer; null when the call waited for something else.</summary>
    public string? CommandName { get; init; }

    /// <summary>
    /// Whether the command was sent. If so, QEMU may still execute it; if not, it never will.
    /// </summary>
    public bool CommandSent { get; init; }

    internal static QmpTimeoutException ForCommand(string command, TimeSpan timeout, bool sent)
    {
        var name = PeerText.Escape(command);
        var message = sent
            ? $"QEMU did not answer \"{name}\" within {Durations.Text(timeout)}. "
            + "QEMU may be stopped, hung or busy, and may still execute the command."
            : $"\"{name}\" was not sent within {Durations.Text(timeout)} and will not be executed: QEMU accepts no commands at the moment.";
        return new(message, timeout) { CommandName = command, CommandSent = sent };
    }
}
