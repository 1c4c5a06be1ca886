namespace QmpBackup.Nbd;

/// <summary>The server broke the protocol. The connection is closed: nothing that it says afterwards can be relied on.</summary>
public sealed class NbdProtocolException : NbdException
{
    internal NbdProtocolException(string message)
        : base(message)
    {
    }
}
