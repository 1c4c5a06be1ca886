namespace QmpBackup.Nbd;

/// <summary>The server did not answer in time.</summary>
public sealed class NbdTimeoutException : NbdException
{
    internal NbdTimeoutException(string message, TimeSpan timeout)
        : base(message)
    {
        Timeout = timeout;
    }

    /// <summary>The time it had.</summary>
    public TimeSpan Timeout { get; }
}
