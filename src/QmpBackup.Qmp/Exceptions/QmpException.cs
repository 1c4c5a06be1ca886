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
