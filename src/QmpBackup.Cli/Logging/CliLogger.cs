using Microsoft.Extensions.Logging;

namespace QmpBackup.Cli.Logging;

/// <summary>One category of <see cref="CliLoggerFactory"/>.</summary>
internal sealed class CliLogger(CliLoggerFactory factory, string category) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => factory.IsEnabled(logLevel);

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
            factory.Write(logLevel, category, eventId, formatter(state, exception), exception);
    }
}
