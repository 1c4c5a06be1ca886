using System.Text;
using Microsoft.Extensions.Logging;
using QmpBackup.Cli.Options;
using QmpBackup.Cli.Running;
using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli.Logging;

/// <summary>Logs to standard error, and to a file where one is named. The file gets at least what -vv would show.</summary>
internal sealed class CliLoggerFactory : ILoggerFactory
{
    private readonly IConsole _console;
    private readonly LogLevel _consoleLevel;
    private readonly LogLevel _fileLevel;
    private readonly bool _colour;
    private readonly StreamWriter? _file;
    private readonly Lock _lock = new();

    private CliLoggerFactory(IConsole console, GlobalSettings settings, StreamWriter? file)
    {
        _console = console;
        _consoleLevel = settings.LogLevel;
        _colour = settings.ColourError;
        _file = file;
        _fileLevel = file is null ? LogLevel.None : settings.LogLevel < LogLevel.Debug ? settings.LogLevel : LogLevel.Debug;
    }

    /// <exception cref="UsageException">The log file cannot be opened.</exception>
    public static CliLoggerFactory Create(IConsole console, GlobalSettings settings)
    {
        if (settings.LogFile is not { } path) return new CliLoggerFactory(console, settings, null);
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.Append, Access = FileAccess.Write, Share = FileShare.ReadWrite };
            // QMP payloads tell a lot about a VM: at first nobody else may read them.
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            var file = new StreamWriter(path, new UTF8Encoding(false), options) { AutoFlush = true, NewLine = "\n" };
            return new CliLoggerFactory(console, settings, file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new UsageException($"The log file '{path}' cannot be written: {e.Message}", "Name another one with --log-file.");
        }
    }

    public ILogger CreateLogger(string categoryName) => new CliLogger(this, categoryName[(categoryName.LastIndexOf('.') + 1)..]);

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("The places that logs go to are fixed.");

    public void Dispose() => _file?.Dispose();

    internal bool IsEnabled(LogLevel level) => level != LogLevel.None && (level >= _consoleLevel || level >= _fileLevel);

    internal void Write(LogLevel level, string category, string message, Exception? exception)
    {
        var now = DateTimeOffset.UtcNow;
        lock (_lock)
        {
            if (level >= _consoleLevel) WriteToConsole(now, level, category, message, exception);
            if (level >= _fileLevel) WriteToFile(now, level, category, message, exception);
        }
    }

    private void WriteToConsole(DateTimeOffset now, LogLevel level, string category, string message, Exception? exception)
    {
        var text = new TextDocument(_colour);
        text.Write($"{now:HH:mm:ss.fff} ", Style.Faint).Write(Name(level), StyleOf(level)).Line($" {category}: {message}");
        // The stack is of interest to whoever asked for details.
        if (exception is not null && _consoleLevel <= LogLevel.Debug) text.Lines(exception.ToString().Split('\n'), 4, Style.Faint);
        else if (exception is not null) text.Lines([exception.Message], 4, Style.Faint);
        ErrorWriter.WriteRaw(_console, text.ToString());
    }

    private void WriteToFile(DateTimeOffset now, LogLevel level, string category, string message, Exception? exception)
    {
        var text = new TextDocument();
        text.Line($"{now:yyyy-MM-dd'T'HH:mm:ss.fff'Z'} {Name(level)} {category}: {message}");
        if (exception is not null) text.Lines(exception.ToString().Split('\n'), 4);
        try
        {
            _file!.Write(text.ToString());
        }
        catch (IOException)
        {
            // A full disk below the log must not stop a backup from being closed.
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
