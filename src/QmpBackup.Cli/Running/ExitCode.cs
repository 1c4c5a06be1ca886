namespace QmpBackup.Cli.Running;

/// <summary>How the command ends. Scripts hold on to these numbers: none ever changes.</summary>
internal enum ExitCode
{
    Done = 0,
    InternalError = 1,
    Usage = 2,
    NoConnection = 3,
    CommandRefused = 4,
    BackupFailed = 5,
    VerificationFailed = 6,
    FreezeNotPossible = 7,
    Storage = 8,
    Busy = 9,
    NothingOpen = 10,
    IncrementalNotSound = 11,
    TimedOut = 124,
    Interrupted = 130,
    Terminated = 143,
}
