using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace QmpBackup.Qmp;

/// <summary>How a <see cref="GuestAgentClient"/> behaves. Every limit has a default that suits a guest on the same host.</summary>
public sealed record GuestAgentOptions
{
    /// <summary>What the connection is called in logs and messages; null for the endpoint's own form.</summary>
    public string? Name { get; init; }

    /// <summary>How long opening the socket may take. 5 seconds; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long the agent may take to answer <c>guest-sync-delimited</c>, which comes before the first command of a connection and
    /// after everything that went wrong. The socket opens whether or not there is an agent behind it, so this is how its absence
    /// shows. 5 seconds; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.
    /// </summary>
    public TimeSpan SyncTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a command may take where the call sets no limit of its own, from the call to the answer: connecting and
    /// synchronising, where they are needed, included. 10 seconds; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.
    /// </summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The most bytes that one answer of the agent may have. 8 MiB; 4 KiB to 512 MiB.</summary>
    public int MaxMessageSize { get; init; } = 8 * 1024 * 1024;

    /// <summary>How deeply an answer of the agent may be nested. 64 levels; 8 to 64.</summary>
    public int MaxDepth { get; init; } = MaxDepthLimit;

    /// <summary>
    /// Where logs go; see <see cref="GuestAgentLogEvents"/>. Payloads are logged at trace level only, and those of commands that
    /// carry data of the guest not at all. Nowhere by default.
    /// </summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>The clock of every time limit. The system's by default.</summary>
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
