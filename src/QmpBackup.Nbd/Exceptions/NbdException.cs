namespace QmpBackup.Nbd;

/// <summary>Anything that went wrong with an NBD server. Derived types say what; wrong arguments are <see cref="ArgumentException"/>s instead.</summary>
public abstract class NbdException : Exception
{
    private protected NbdException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
