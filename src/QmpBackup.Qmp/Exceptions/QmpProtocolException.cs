namespace QmpBackup.Qmp;

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
