using Microsoft.Extensions.Logging;

namespace QmpBackup.Qmp;

/// <summary>The event ids of the log messages of the QMP client. An id never changes its meaning.</summary>
public static class QmpLogEvents
{
    /// <summary>A session is ready. Information.</summary>
    public const int Connected = 1000;

    /// <summary>A session ended. Information when the client was disposed, otherwise warning.</summary>
    public const int Closed = 1001;

    /// <summary>QEMU sent another greeting, and the negotiation is repeated. Warning.</summary>
    public const int RepeatedGreeting = 1002;

    /// <summary>A command was sent. Debug.</summary>
    public const int CommandSent = 1100;

    /// <summary>A command was answered. Debug.</summary>
    public const int CommandCompleted = 1101;

    /// <summary>QEMU refused a command. Debug: the caller gets an exception.</summary>
    public const int CommandFailed = 1102;

    /// <summary>A command waits longer than <see cref="QmpClientOptions.SlowReplyThreshold"/> for its answer. Warning.</summary>
    public const int SlowReply = 1103;

    /// <summary>An answer came after its caller had stopped waiting. It was dropped. Debug.</summary>
    public const int LateReply = 1104;

    /// <summary>An answer had an unknown id. It was dropped. Warning.</summary>
    public const int UnknownReply = 1105;

    /// <summary>QEMU sent an error without an id. Warning.</summary>
    public const int ErrorWithoutId = 1106;

    /// <summary>A message was neither an answer, an event nor a greeting. It was dropped. Warning.</summary>
    public const int UnknownMessage = 1107;

    /// <summary>A command was sent up to its end, which is held back. Debug.</summary>
    public const int CommandPrepared = 1108;

    /// <summary>QEMU was told to drop a command that was sent up to its end. Debug.</summary>
    public const int CommandDropped = 1109;

    /// <summary>An event arrived. Debug.</summary>
    public const int EventReceived = 1200;

    /// <summary>A subscription is full and drops its oldest events. Warning, once for each subscription.</summary>
    public const int EventsDropped = 1201;

    /// <summary>A message that was sent, without secrets. Trace.</summary>
    public const int PayloadSent = 1300;

    /// <summary>A message that was received, without secrets. Trace.</summary>
    public const int PayloadReceived = 1301;
}

/// <summary>The log messages of the QMP client.</summary>
internal static partial class QmpLog
{
    [LoggerMessage(QmpLogEvents.Connected, LogLevel.Information, "{Connection}: connected to QEMU {Version}")]
    public static partial void Connected(this ILogger logger, string connection, string version);

    [LoggerMessage(EventId = QmpLogEvents.Closed, EventName = "Closed", Message = "{Connection}: {Reason}")]
    public static partial void Closed(this ILogger logger, LogLevel level, string connection, string reason);

    [LoggerMessage(QmpLogEvents.RepeatedGreeting, LogLevel.Warning, "{Connection}: QEMU sent another greeting; negotiating again")]
    public static partial void RepeatedGreeting(this ILogger logger, string connection);

    [LoggerMessage(QmpLogEvents.CommandSent, LogLevel.Debug, "{Connection}: sent {Command} ({Id})")]
    public static partial void CommandSent(this ILogger logger, string connection, string command, long id);

    [LoggerMessage(QmpLogEvents.CommandPrepared, LogLevel.Debug, "{Connection}: sent {Command} ({Id}) up to its end")]
    public static partial void CommandPrepared(this ILogger logger, string connection, string command, long id);

    [LoggerMessage(QmpLogEvents.CommandDropped, LogLevel.Debug, "{Connection}: told QEMU to drop {Command} ({Id})")]
    public static partial void CommandDropped(this ILogger logger, string connection, string command, long id);

    [LoggerMessage(QmpLogEvents.CommandCompleted, LogLevel.Debug, "{Connection}: {Command} ({Id}) done after {Milliseconds} ms")]
    public static partial void CommandCompleted(this ILogger logger, string connection, string command, long id, double milliseconds);

    [LoggerMessage(
        QmpLogEvents.CommandFailed,
        LogLevel.Debug,
        "{Connection}: {Command} ({Id}) refused after {Milliseconds} ms: {ErrorClass}: {Description}")]
    public static partial void CommandFailed(
        this ILogger logger, string connection, string command, long id, double milliseconds, string errorClass, string description);

    [LoggerMessage(QmpLogEvents.SlowReply, LogLevel.Warning, "{Connection}: {Command} ({Id}) has waited {Seconds} s for its answer")]
    public static partial void SlowReply(this ILogger logger, string connection, string command, long id, double seconds);

    [LoggerMessage(
        QmpLogEvents.LateReply,
        LogLevel.Debug,
        "{Connection}: dropped the late answer to {Command} ({Id}), {Milliseconds} ms after it was sent")]
    public static partial void LateReply(this ILogger logger, string connection, string command, long id, double milliseconds);

    [LoggerMessage(QmpLogEvents.UnknownReply, LogLevel.Warning, "{Connection}: dropped an answer with the unknown id {Id}")]
    public static partial void UnknownReply(this ILogger logger, string connection, string id);

    [LoggerMessage(
        QmpLogEvents.ErrorWithoutId, LogLevel.Warning, "{Connection}: received an error without an id: {ErrorClass}: {Description}")]
    public static partial void ErrorWithoutId(this ILogger logger, string connection, string errorClass, string description);

    [LoggerMessage(
        QmpLogEvents.UnknownMessage,
        LogLevel.Warning,
        "{Connection}: dropped a message that is not an answer, event or greeting: {Start}")]
    public static partial void UnknownMessage(this ILogger logger, string connection, string start);

    [LoggerMessage(QmpLogEvents.EventReceived, LogLevel.Debug, "{Connection}: event {Event}")]
    public static partial void EventReceived(this ILogger logger, string connection, string @event);

    [LoggerMessage(
        QmpLogEvents.EventsDropped,
        LogLevel.Warning,
        "{Connection}: a subscription holds {Capacity} unread events and drops the oldest")]
    public static partial void EventsDropped(this ILogger logger, string connection, int capacity);

    [LoggerMessage(QmpLogEvents.PayloadSent, LogLevel.Trace, "{Connection} -> {Payload}")]
    public static partial void PayloadSent(this ILogger logger, string connection, string payload);

    [LoggerMessage(QmpLogEvents.PayloadReceived, LogLevel.Trace, "{Connection} <- {Payload}")]
    public static partial void PayloadReceived(this ILogger logger, string connection, string payload);
}
