namespace QmpBackup.Nbd;

/// <summary>No connection to the server came about.</summary>
public sealed class NbdConnectException : NbdException
{
    internal NbdConnectException(NbdConnectFailure reason, string message, Exception? innerException = null)
        : base(message, innerException)
    {
        Reason = reason;
    }

    /// <summary>Why.</summary>
    public NbdConnectFailure Reason { get; }
}
