using Microsoft.Extensions.Logging;

namespace QmpBackup.Qmp.Tests;

public sealed record LogEntry(LogLevel Level, int EventId, string Message);
