using QmpBackup.Cli.Json;
using QmpBackup.Cli.Terminal;
using QmpBackup.Nbd;
using QmpBackup.Qmp;

namespace QmpBackup.Cli.Errors;

/// <summary>Turns failures into exit codes and names for scripts. Nothing else does.</summary>
internal static class ErrorMap
{
    /// <summary>Whether the failure is expected and its message says everything. For others the stack is of interest.</summary>
    public static bool IsExpected(Exception failure) =>
        failure is UsageException or OutputException or BackupException or QmpException or NbdException or OperationCanceledException
        || IsWorkingDirectoryGone(failure);

    public static ErrorReport Of(Exception failure) => failure switch
    {
        UsageException e => new(ExitCode.Usage, "usage", e.Message, e.Hint),
        OutputException e => new(ExitCode.InternalError, "output", e.Message, e.Hint),
        BackupException e => Of(e),
        // Before QmpException, its base class: if the agent did not answer, the guest may be frozen.
        GuestAgentException e => new(ExitCode.FreezeNotPossible, "freeze-failed", e.Message,
            "If the guest was frozen, it may still be. Check that --agent names the agent's socket and that this user may open it."),
        QmpConnectException e => new(ExitCode.NoConnection, "no-connection", e.Message),
        QmpTimeoutException e => new(ExitCode.TimedOut, "timed-out", e.Message, "Check whether the VM hangs, or its host is overloaded."),
        QmpCommandException e => new(ExitCode.CommandRefused, "command-refused", $"QEMU refused {e.CommandName}: {e.Description}"),
        QmpConnectionClosedException e =>
            new(ExitCode.NoConnection, "connection-lost", e.Message, "Check whether the VM still runs, then run 'qbackup status'."),
        QmpException e => new(ExitCode.NoConnection, "protocol", e.Message),
        NbdException e => new(ExitCode.Storage, "nbd", e.Message),
        _ when IsWorkingDirectoryGone(failure) => new(ExitCode.Usage, "usage", "The working directory does not exist any more.",
            "Change to another one, or use absolute paths."),
        _ => new(ExitCode.InternalError, "internal", $"An unexpected error occurred: {Sentence(failure)}",
            "Run it again with -vv, or with --log-file, to see where."),
    };

    private static ErrorReport Of(BackupException e)
    {
        var (exit, code) = e.Code switch
        {
            BackupErrorCode.InvalidArgument => (ExitCode.Usage, "invalid-argument"),
            BackupErrorCode.CommandRefused => (ExitCode.CommandRefused, "command-refused"),
            BackupErrorCode.BackupFailed => (ExitCode.BackupFailed, "backup-failed"),
            BackupErrorCode.FreezeFailed => (ExitCode.FreezeNotPossible, "freeze-failed"),
            BackupErrorCode.Storage => (ExitCode.Storage, "storage"),
            BackupErrorCode.Busy => (ExitCode.Busy, "busy"),
            BackupErrorCode.NothingOpen => (ExitCode.NothingOpen, "nothing-open"),
            BackupErrorCode.IncrementalNotSound => (ExitCode.IncrementalNotSound, "incremental-not-sound"),
            BackupErrorCode.VerificationFailed => (ExitCode.VerificationFailed, "verification-failed"),
            BackupErrorCode.TimedOut => (ExitCode.TimedOut, "timed-out"),
            _ => (ExitCode.InternalError, "internal"),
        };
        return new ErrorReport(exit, code, e.Message, e.Remedy is { } remedy ? AdviceText.Of(remedy) : null);
    }

    // The class library throws this for a relative path if there is no working directory.
    private static bool IsWorkingDirectoryGone(Exception failure)
    {
        if (failure is not FileNotFoundException { FileName: null })
            return false;
        try
        {
            return !Directory.Exists(Environment.CurrentDirectory);
        }
        catch (IOException)
        {
            return true;
        }
    }

    private static string Sentence(Exception failure) =>
        $"{failure.GetType().Name}: {failure.Message}" is var text && text.EndsWith('.') ? text : text + ".";
}

/// <summary>The command line makes no sense.</summary>
internal sealed class UsageException(string message, string? hint = null) : Exception(message)
{
    public string? Hint { get; } = hint;
}

/// <summary>The command did its work, but the result could not be written to standard output.</summary>
internal sealed class OutputException(string message, string? hint, Exception innerException) : Exception(message, innerException)
{
    public string? Hint { get; } = hint;

    /// <summary>Whether only text is lost that its reader did not want, as with 'qbackup plan start | head'.</summary>
    public bool IsOfNoInterest { get; private init; }

    /// <summary>Explains why a result could not be written.</summary>
    /// <param name="failure">Why.</param>
    /// <param name="done">What was done nevertheless, and what to do; null if nothing was changed.</param>
    public static OutputException Of(Exception failure, (string Message, string Hint)? done) =>
        new($"{done?.Message ?? "The result could not be written"}: {failure.Message.TrimEnd('.')}.", done?.Hint, failure)
        {
            IsOfNoInterest = done is null && failure is ReaderGoneException,
        };
}
