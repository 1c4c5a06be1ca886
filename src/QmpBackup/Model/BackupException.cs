namespace QmpBackup;

/// <summary>Why something could not be done, in the terms of the command's exit codes.</summary>
public enum BackupErrorCode
{
    /// <summary>What was asked for makes no sense for this VM: an unknown disk, a disk that cannot be written.</summary>
    InvalidArgument,

    /// <summary>QEMU refused a command; everything done before it was undone.</summary>
    CommandRefused,

    /// <summary>The backup failed and was rolled back, or the point in time was lost.</summary>
    BackupFailed,

    /// <summary>A freeze was required and is not possible, or the guest could not be thawed.</summary>
    FreezeFailed,

    /// <summary>Something about the scratch space or the target: no space, no permission, a format that does not serve.</summary>
    Storage,

    /// <summary>A backup is already open, or something of somebody else stands in the way.</summary>
    Busy,

    /// <summary>No backup is open.</summary>
    NothingOpen,

    /// <summary>An incremental backup was demanded and would not be sound.</summary>
    IncrementalNotSound,

    /// <summary>QEMU did not answer or did not finish in time.</summary>
    TimedOut,

    /// <summary>What a repository holds is not what was put there.</summary>
    VerificationFailed,
}

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
