namespace QmpBackup;

/// <summary>An expected failure, already explained: one sentence that says what is wrong and a hint that says what to do.</summary>
public sealed class BackupException : Exception
{
    /// <summary>Explains a failure.</summary>
    /// <param name="code">The kind of failure.</param>
    /// <param name="message">One sentence for a person.</param>
    /// <param name="hint">What to do about it; null where nothing useful can be said.</param>
    /// <param name="innerException">What caused it.</param>
    public BackupException(BackupErrorCode code, string message, string? hint = null, Exception? innerException = null)
        : base(message, innerException)
    {
        Code = code;
        Hint = hint;
    }

    /// <summary>The kind of failure.</summary>
    public BackupErrorCode Code { get; }

    /// <summary>What to do about it; null where nothing useful can be said.</summary>
    public string? Hint { get; }
}
