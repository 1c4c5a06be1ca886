using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace QmpBackup.Qmp;

/// <summary>The options of a <see cref="QmpClient"/>. The defaults suit a QEMU on the same host.</summary>
public sealed record QmpClientOptions
{
    /// <summary>The name of the connection in logs and messages; null for the text of the endpoint.</summary>
    public string? Name { get; init; }

    /// <summary>The time limit for opening the socket. Default 10 seconds; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The time limit for the greeting of QEMU. A monitor that another client uses accepts the connection and sends no greeting.
    /// Default 5 seconds; <see cref="Timeout.InfiniteTimeSpan"/> to wait until the other client leaves.
    /// </summary>
    public TimeSpan GreetingTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The time limit for the answer to <c>qmp_capabilities</c>. Default 5 seconds; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.
    /// </summary>
    public TimeSpan NegotiationTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The time limit of a command, from the call to the answer, where the call sets none. Default 30 seconds;
    /// <see cref="Timeout.InfiniteTimeSpan"/> for no limit.
    /// </summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a command waits for its answer before a warning is logged. Default 5 seconds; <see cref="Timeout.InfiniteTimeSpan"/>
    /// for no warning.
    /// </summary>
    public TimeSpan SlowReplyThreshold { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The largest message that is accepted, in bytes; a larger one ends the session. 1 KiB to 512 MiB, default 64 MiB (the limit of QEMU).
    /// </summary>
    public int MaxMessageSize { get; init; } = 64 * 1024 * 1024;

    /// <summary>
    /// The deepest nesting of a message that is accepted; a deeper one ends the session. 8 to 1024 levels, default 1024 (the limit of
    /// QEMU for what it receives). The answer to <c>query-block</c> has one more level for each backing file of a disk.
    /// </summary>
    public int MaxDepth { get; init; } = 1024;

    /// <summary>How many unread events a subscription holds before it drops the oldest. At least 1, default 1024.</summary>
    public int EventBufferSize { get; init; } = 1024;

    /// <summary>
    /// How many commands may wait for an answer at a time. Further ones wait to be sent, within their own time limits. At least 1,
    /// default 8, as the QMP specification asks. A command whose caller stopped waiting counts until QEMU answers it.
    /// </summary>
    public int MaxInFlight { get; init; } = 8;

    /// <summary>Whether to enable out-of-band commands (QEMU 2.12) where QEMU offers them. Default false.</summary>
    public bool EnableOutOfBand { get; init; }

    /// <summary>
    /// Where logs go; see <see cref="QmpLogEvents"/>. Payloads are logged at trace level only, without secrets. Default: no logs.
    /// </summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>The clock for all time limits. Default: the system clock.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    internal static QmpClientOptions Default { get; } = new();

    internal void Validate()
    {
        Durations.ValidateTimeout(ConnectTimeout, nameof(ConnectTimeout));
        Durations.ValidateTimeout(GreetingTimeout, nameof(GreetingTimeout));
        Durations.ValidateTimeout(NegotiationTimeout, nameof(NegotiationTimeout));
        Durations.ValidateTimeout(CommandTimeout, nameof(CommandTimeout));
        Durations.ValidateTimeout(SlowReplyThreshold, nameof(SlowReplyThreshold));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxMessageSize, 1024);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxMessageSize, 512 * 1024 * 1024);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxDepth, 8);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxDepth, 1024);
        ArgumentOutOfRangeException.ThrowIfLessThan(EventBufferSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxInFlight, 1);
        ArgumentNullException.ThrowIfNull(LoggerFactory);
        ArgumentNullException.ThrowIfNull(TimeProvider);
    }
}
