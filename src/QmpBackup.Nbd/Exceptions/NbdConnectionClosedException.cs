namespace QmpBackup.Nbd;

/// <summary>The connection is closed: the request was not sent, or its answer never came.</summary>
public sealed class NbdConnectionClosedException : NbdException
{
    internal NbdConnectionClosedException(NbdCloseReason reason, string message, Exception? innerException = null)
        : base(message, innerException)
    {
        Reason = reason;
    }

    /// <summary>Why.</summary>
    public NbdCloseReason Reason { get; }
}
