namespace QmpBackup;

/// <summary>An expected failure: what kind it is, what happened, and what to do about it.</summary>
public sealed class BackupException : Exception
{
    /// <summary>Makes an exception.</summary>
    /// <param name="code">The kind of failure.</param>
    /// <param name="message">What happened, to what: a sentence for people.</param>
    /// <param name="remedy">What to do about it; null if there is nothing useful to say.</param>
    /// <param name="innerException">The cause.</param>
    public BackupException(BackupErrorCode code, string message, Advice? remedy = null, Exception? innerException = null)
        : base(message, innerException)
    {
        Code = code;
        Remedy = remedy;
    }

    /// <summary>The kind of failure.</summary>
    public BackupErrorCode Code { get; }

    /// <summary>What to do about it; null if there is nothing useful to say.</summary>
    public Advice? Remedy { get; }

    /// <summary>The remedy in this library's own words; null if there is none.</summary>
    public string? Hint => Remedy?.ToString();
}
