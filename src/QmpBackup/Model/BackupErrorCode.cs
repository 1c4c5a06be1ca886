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
