using Microsoft.Extensions.Logging;

namespace QmpBackup.Cli.Logging;

/// <summary>The log messages of the command itself. Whoever is at the terminal reads the error as a sentence; these carry the stack.</summary>
internal static partial class CliLog
{
    [LoggerMessage(1, LogLevel.Debug, "Failed unexpectedly", EventName = "Unexpected")]
    public static partial void Unexpected(ILogger logger, Exception exception);

    [LoggerMessage(2, LogLevel.Debug, "Failed with error code {Code}", EventName = "Failed")]
    public static partial void Failed(ILogger logger, Exception exception, string code);
}
