namespace QmpBackup.Nbd.Wire;

/// <summary>Why a connection ended. Each waiter gets an exception of its own: one that is thrown twice loses its stack trace.</summary>
internal sealed record CloseCause(NbdCloseReason Reason, string Message, Exception? Inner = null, TimeSpan Timeout = default)
{
    internal NbdException ToException() => Reason switch
    {
        NbdCloseReason.ProtocolViolation => new NbdProtocolException(Message),
        NbdCloseReason.TimedOut => new NbdTimeoutException(Message, Timeout),
        _ => new NbdConnectionClosedException(Reason, Message, Inner),
    };
}
