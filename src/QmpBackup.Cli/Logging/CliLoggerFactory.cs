using System.Globalization;
using Microsoft.Extensions.Logging;
using QmpBackup.Cli.Errors;
using QmpBackup.Cli.Settings;
using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli.Logging;

/// <summary>Logs to standard error, and to a file if one is named. The file gets at least what -vv shows.</summary>
internal sealed class CliLoggerFactory : ILoggerFactory
{
    private readonly IConsole _console;
    private readonly LogLevel _consoleLevel;
    private readonly LogLevel _fileLevel;
    private readonly bool _colour;
    private readonly StreamWriter? _file;
    private readonly LogLimiter _limiter;
    private readonly Lock _lock = new();

    private CliLoggerFactory(IConsole console, GlobalSettings settings, StreamWriter? file, TimeProvider time)
    {
        _limiter = new LogLimiter(time);
        _console = console;
        _consoleLevel = settings.LogLevel;
        _colour = settings.ColourError;
        _file = file;
        _fileLevel = file is null ? LogLevel.None : settings.LogLevel < LogLevel.Debug ? settings.LogLevel : LogLevel.Debug;
    }

    /// <exception cref="UsageException">The log file cannot be opened.</exception>
    public static CliLoggerFactory Create(IConsole console, GlobalSettings settings, TimeProvider? time = null) =>
        new(console, settings, settings.LogFile is { } path ? LogFileStream.Open(path) : null, time ?? TimeProvider.System);

    public ILogger CreateLogger(string categoryName) => new CliLogger(this, categoryName[(categoryName.LastIndexOf('.') + 1)..]);

    public void AddProvider(ILoggerProvider provider) =>
        throw new NotSupportedException("Logs go to standard error and to --log-file only.");

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var (level, category, leftOut) in _limiter.Rest().ToList())
                Write(level, category, LeftOut(leftOut), exception: null);
        }

        _file?.Dispose();
    }

    internal bool IsEnabled(LogLevel level) => level != LogLevel.None && (level >= _consoleLevel || level >= _fileLevel);

    internal void Write(LogLevel level, string category, EventId id, string message, Exception? exception)
    {
        lock (_lock)
        {
            if (!_limiter.Admits(level, category, id.Id, out var leftOut))
                return;
            if (leftOut > 0)
                Write(level, category, LeftOut(leftOut), exception: null);
            Write(level, category, message, exception);
        }
    }

    private static string LeftOut(long count) => string.Create(CultureInfo.InvariantCulture, $"… and {count:N0} more of this kind");

    private void Write(LogLevel level, string category, string message, Exception? exception)
    {
        var now = DateTimeOffset.UtcNow;
        if (level >= _consoleLevel)
            WriteToConsole(now, level, category, message, exception);
        if (level >= _fileLevel)
            WriteToFile(now, level, category, message, exception);
    }

    private void WriteToConsole(DateTimeOffset now, LogLevel level, string category, string message, Exception? exception)
    {
        var text = new TextDocument(_colour);
        text.Write($"{now:HH:mm:ss.fff} ", Style.Faint).Write(Name(level), StyleOf(level)).Line($" {category}: {message}");
        // The stack is for users who asked for details.
        if (exception is not null && _consoleLevel <= LogLevel.Debug)
            text.Lines(exception.ToString().Split('\n'), 4, Style.Faint);
        else if (exception is not null)
            text.Lines([exception.Message], 4, Style.Faint);
        ErrorWriter.WriteRaw(_console, text.ToString());
    }

    private void WriteToFile(DateTimeOffset now, LogLevel level, string category, string message, Exception? exception)
    {
        var text = new TextDocument();
        text.Line($"{now:yyyy-MM-dd'T'HH:mm:ss.fff'Z'} {Name(level)} {category}: {message}");
        if (exception is not null)
            text.Lines(exception.ToString().Split('\n'), 4);
        try
        {
            _file!.Write(text.ToString());
        }
        catch (IOException)
        {
            // A full disk under the log must not prevent that a backup is closed.
        }
    }

    private static string Name(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "info ",
        LogLevel.Warning => "warn ",
        _ => "error",
    };

    private static Style StyleOf(LogLevel level) => level switch
    {
        >= LogLevel.Error => Style.Bad,
        LogLevel.Warning => Style.Warning,
        _ => Style.Faint,
    };
}

/// <summary>One category of <see cref="CliLoggerFactory"/>.</summary>
internal sealed class CliLogger(CliLoggerFactory factory, string category) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => factory.IsEnabled(logLevel);

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?,
        string> formatter)
    {
        if (IsEnabled(logLevel))
            factory.Write(logLevel, category, eventId, formatter(state, exception), exception);
    }
}

/// <summary>The log messages of the command itself. People read the error as a sentence; these messages carry the stack.</summary>
internal static partial class CliLog
{
    [LoggerMessage(1, LogLevel.Debug, "Failed unexpectedly", EventName = "Unexpected")]
    public static partial void Unexpected(ILogger logger, Exception exception);

    [LoggerMessage(2, LogLevel.Debug, "Failed with error code {Code}", EventName = "Failed")]
    public static partial void Failed(ILogger logger, Exception exception, string code);
}
