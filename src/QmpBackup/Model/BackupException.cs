namespace QmpBackup;

/// <summary>The kind of a failure.</summary>
public enum BackupErrorCode
{
    /// <summary>The request makes no sense for this VM: for example, it names an unknown disk.</summary>
    InvalidArgument,

    /// <summary>QEMU refused a command; everything done before it was undone.</summary>
    CommandRefused,

    /// <summary>The backup failed and was rolled back, or the point in time was lost.</summary>
    BackupFailed,

    /// <summary>A freeze was required and is not possible, or the guest could not be thawed.</summary>
    FreezeFailed,

    /// <summary>The repository, the scratch space or a target failed: for example, there is no space or no permission.</summary>
    Storage,

    /// <summary>A backup is already open, or another program uses what the call needs.</summary>
    Busy,

    /// <summary>No backup is open.</summary>
    NothingOpen,

    /// <summary>An incremental backup was required and would not be sound.</summary>
    IncrementalNotSound,

    /// <summary>QEMU or another program did not answer or finish in time.</summary>
    TimedOut,

    /// <summary>A repository does not hold what was written to it.</summary>
    VerificationFailed,
}

/// <summary>An expected failure: what kind it is, what happened, and what to do about it.</summary>
public sealed class BackupException : Exception
{
    /// <summary>Makes an exception.</summary>
    /// <param name="code">The kind of failure.</param>
    /// <param name="message">What happened, and to what: a sentence for people.</param>
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
