using Microsoft.Extensions.Logging;

namespace QmpBackup.Qmp;

/// <summary>
/// The event ids of the log messages of <see cref="GuestAgentClient"/> and <see cref="GuestFreeze"/>. An id never changes its meaning.
/// </summary>
public static class GuestAgentLogEvents
{
    /// <summary>A connection was opened. Debug.</summary>
    public const int Connected = 2000;

    /// <summary>The agent is synchronized; the message says how many old bytes were dropped. Debug.</summary>
    public const int Synchronized = 2001;

    /// <summary>A command that does not answer on success was sent. Debug.</summary>
    public const int CommandSent = 2100;

    /// <summary>A command was answered. Debug.</summary>
    public const int CommandCompleted = 2101;

    /// <summary>A call timed out. Debug: the caller gets an exception.</summary>
    public const int TimedOut = 2102;

    /// <summary>The guest is frozen. Information.</summary>
    public const int Frozen = 2200;

    /// <summary>The guest is thawed. Information.</summary>
    public const int Thawed = 2201;

    /// <summary>An attempt to thaw failed; another follows. Warning.</summary>
    public const int ThawRetried = 2202;

    /// <summary>The guest may still be frozen, and there is no further attempt. Error.</summary>
    public const int ThawFailed = 2203;

    /// <summary>A message that was sent, without secrets. Trace.</summary>
    public const int PayloadSent = 2300;

    /// <summary>A message that was received, without secrets. Trace.</summary>
    public const int PayloadReceived = 2301;
}

/// <summary>The log messages of the guest agent client.</summary>
internal static partial class GuestAgentLog
{
    [LoggerMessage(GuestAgentLogEvents.Connected, LogLevel.Debug, "{Connection}: connected (again: {Again})")]
    public static partial void AgentConnected(this ILogger logger, string connection, bool again);

    [LoggerMessage(GuestAgentLogEvents.Synchronized, LogLevel.Debug, "{Connection}: synchronized; dropped {Bytes} old bytes")]
    public static partial void AgentSynchronized(this ILogger logger, string connection, long bytes);

    [LoggerMessage(GuestAgentLogEvents.CommandSent, LogLevel.Debug, "{Connection}: sent {Command}, which does not answer on success")]
    public static partial void AgentCommandSent(this ILogger logger, string connection, string command);

    [LoggerMessage(GuestAgentLogEvents.CommandCompleted, LogLevel.Debug, "{Connection}: {Command} done after {Milliseconds} ms")]
    public static partial void AgentCommandCompleted(this ILogger logger, string connection, string command, double milliseconds);

    [LoggerMessage(GuestAgentLogEvents.TimedOut, LogLevel.Debug, "{Connection}: {Command} got no answer within {Milliseconds} ms")]
    public static partial void AgentTimedOut(this ILogger logger, string connection, string command, double milliseconds);

    [LoggerMessage(GuestAgentLogEvents.Frozen, LogLevel.Information, "{Connection}: froze {FileSystems} file systems")]
    public static partial void GuestFrozen(this ILogger logger, string connection, long fileSystems);

    [LoggerMessage(GuestAgentLogEvents.Thawed, LogLevel.Information, "{Connection}: thawed at attempt {Attempt}")]
    public static partial void GuestThawed(this ILogger logger, string connection, int attempt);

    [LoggerMessage(GuestAgentLogEvents.ThawRetried, LogLevel.Warning, "{Connection}: not thawed yet: {Reason}")]
    public static partial void ThawRetried(this ILogger logger, string connection, string reason);

    [LoggerMessage(GuestAgentLogEvents.ThawFailed, LogLevel.Error, "{Connection}: {Reason}")]
    public static partial void ThawFailed(this ILogger logger, string connection, string reason);

    [LoggerMessage(GuestAgentLogEvents.PayloadSent, LogLevel.Trace, "{Connection} -> {Payload}")]
    public static partial void AgentPayloadSent(this ILogger logger, string connection, string payload);

    [LoggerMessage(GuestAgentLogEvents.PayloadReceived, LogLevel.Trace, "{Connection} <- {Payload}")]
    public static partial void AgentPayloadReceived(this ILogger logger, string connection, string payload);
}
