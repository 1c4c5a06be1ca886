using QmpBackup.Cli.Json;
using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli.Errors;

/// <summary>A failure as users and scripts see it.</summary>
/// <param name="Exit">The exit code.</param>
/// <param name="Code">A name that scripts can rely on, in kebab-case.</param>
/// <param name="Message">One sentence for a person.</param>
/// <param name="Hint">What to do about it; null if there is nothing useful to say.</param>
internal sealed record ErrorReport(ExitCode Exit, string Code, string Message, string? Hint = null);

/// <summary>How the command ends. Scripts depend on these numbers: they never change.</summary>
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

/// <summary>Writes failures to standard error.</summary>
internal static class ErrorWriter
{
    public static void Write(IConsole console, OutputFormat format, bool colour, ErrorReport report)
    {
        if (format == OutputFormat.Json)
        {
            WriteRaw(console,
                JsonText.Of(new ErrorDocument(new ErrorDto(report.Code, report.Message, report.Hint)), JsonText.Context.ErrorDocument));
            return;
        }

        var text = new TextDocument(colour);
        text.Write("error: ", Style.Bad).Line(report.Message);
        if (report.Hint is { } hint)
            text.Write("hint:  ", Style.Heading).Line(hint);
        WriteRaw(console, text.ToString());
    }

    /// <summary>Writes to standard error. If it is closed, that stops nothing.</summary>
    public static void WriteRaw(IConsole console, string text)
    {
        try
        {
            console.Error.Write(text);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // Nothing reads standard error any more.
        }
    }
}
