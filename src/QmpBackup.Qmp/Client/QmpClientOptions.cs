using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace QmpBackup.Qmp;

/// <summary>How a <see cref="QmpClient"/> behaves. Every limit has a default that suits a QEMU on the same host.</summary>
public sealed record QmpClientOptions
{
    /// <summary>What the connection is called in logs and messages; null for the endpoint's own form.</summary>
    public string? Name { get; init; }

    /// <summary>How long opening the socket may take. 10 seconds; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long QEMU may take to greet. A monitor that another client holds accepts the connection and never greets.
    /// 5 seconds; <see cref="Timeout.InfiniteTimeSpan"/> to queue up behind the other client.
    /// </summary>
    public TimeSpan GreetingTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long QEMU may take to answer <c>qmp_capabilities</c>. 5 seconds; <see cref="Timeout.InfiniteTimeSpan"/> for no
    /// limit.
    /// </summary>
    public TimeSpan NegotiationTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a command may take from the call to its answer, where the call sets no limit of its own.
    /// 30 seconds; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.
    /// </summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// After how long a warning is logged about a command without an answer. 5 seconds; <see cref="Timeout.InfiniteTimeSpan"/>
    /// for never.
    /// </summary>
    public TimeSpan SlowReplyThreshold { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The most bytes that one message of QEMU may have; a larger one ends the session. 64 MiB, QEMU's own limit.</summary>
    public int MaxMessageSize { get; init; } = 64 * 1024 * 1024;

    /// <summary>
    /// How deeply a message of QEMU may be nested; a deeper one ends the session. 1024 levels, which is also the most, and QEMU's
    /// own limit for what it is sent. <c>query-block</c> nests one level deeper for each backing file of a disk.
    /// </summary>
    public int MaxDepth { get; init; } = 1024;

    /// <summary>How many unread events a subscription holds before it drops the oldest. 1024.</summary>
    public int EventBufferSize { get; init; } = 1024;

    /// <summary>
    /// How many commands may be with QEMU at a time; further ones wait in line, within their own time limits. 8, as the QMP
    /// specification asks for. A command whose caller stopped waiting counts until its answer has come.
    /// </summary>
    public int MaxInFlight { get; init; } = 8;

    /// <summary>Whether to negotiate out-of-band commands (QEMU 2.12) where QEMU offers them. False.</summary>
    public bool EnableOutOfBand { get; init; }

    /// <summary>
    /// Where logs go; see <see cref="QmpLogEvents"/>. Payloads are logged at trace level only, without secrets. Nowhere by
    /// default.
    /// </summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>The clock of every time limit. The system's by default.</summary>
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
