using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace QmpBackup.Qmp;

/// <summary>The options of a <see cref="GuestAgentClient"/>. The defaults suit a guest on the same host.</summary>
public sealed record GuestAgentOptions
{
    /// <summary>The name of the connection in logs and messages; null for the text of the endpoint.</summary>
    public string? Name { get; init; }

    /// <summary>The time limit for opening the socket. Default 5 seconds; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The time limit for the answer to <c>guest-sync-delimited</c>, which is sent before the first command of a connection and after
    /// every failure. The socket opens even when no agent runs: this limit is how the client notices that. Default 5 seconds;
    /// <see cref="Timeout.InfiniteTimeSpan"/> for no limit.
    /// </summary>
    public TimeSpan SyncTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The time limit of a command where the call sets none: from the call to the answer, with connecting and synchronizing. Default
    /// 10 seconds; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.
    /// </summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The largest answer that is accepted, in bytes. 4 KiB to 512 MiB, default 8 MiB.</summary>
    public int MaxMessageSize { get; init; } = 8 * 1024 * 1024;

    /// <summary>The deepest nesting of an answer that is accepted. 8 to 64 levels, default 64.</summary>
    public int MaxDepth { get; init; } = MaxDepthLimit;

    /// <summary>
    /// Where logs go; see <see cref="GuestAgentLogEvents"/>. Payloads are logged at trace level only; payloads that hold data of the
    /// guest are never logged. Default: no logs.
    /// </summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>The clock for all time limits. Default: the system clock.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    internal const int MaxDepthLimit = 64;

    internal static GuestAgentOptions Default { get; } = new();

    internal void Validate()
    {
        Durations.ValidateTimeout(ConnectTimeout, nameof(ConnectTimeout));
        Durations.ValidateTimeout(SyncTimeout, nameof(SyncTimeout));
        Durations.ValidateTimeout(CommandTimeout, nameof(CommandTimeout));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxMessageSize, 4 * 1024);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxMessageSize, 512 * 1024 * 1024);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxDepth, 8);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxDepth, MaxDepthLimit);
        ArgumentNullException.ThrowIfNull(LoggerFactory);
        ArgumentNullException.ThrowIfNull(TimeProvider);
    }
}
