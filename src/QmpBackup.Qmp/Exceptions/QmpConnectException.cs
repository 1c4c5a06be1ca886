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
