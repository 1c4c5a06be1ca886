namespace QmpBackup.Qmp;

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
