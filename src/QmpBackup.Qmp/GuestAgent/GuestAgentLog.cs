using Microsoft.Extensions.Logging;

namespace QmpBackup.Qmp;

/// <summary>Every log message of the guest agent client.</summary>
internal static partial class GuestAgentLog
{
    [LoggerMessage(GuestAgentLogEvents.Connected, LogLevel.Debug, "{Connection}: connected (again: {Again})")]
    public static partial void AgentConnected(this ILogger logger, string connection, bool again);

    [LoggerMessage(GuestAgentLogEvents.Synchronized, LogLevel.Debug, "{Connection}: the agent is in step; {Bytes} bytes from before thrown away")]
    public static partial void AgentSynchronized(this ILogger logger, string connection, long bytes);

    [LoggerMessage(GuestAgentLogEvents.CommandSent, LogLevel.Debug, "{Connection}: sent {Command}, which has no answer of success")]
    public static partial void AgentCommandSent(this ILogger logger, string connection, string command);

    [LoggerMessage(GuestAgentLogEvents.CommandCompleted, LogLevel.Debug, "{Connection}: {Command} done after {Milliseconds} ms")]
    public static partial void AgentCommandCompleted(this ILogger logger, string connection, string command, double milliseconds);

    [LoggerMessage(GuestAgentLogEvents.TimedOut, LogLevel.Debug, "{Connection}: {Command} got no answer within {Milliseconds} ms")]
    public static partial void AgentTimedOut(this ILogger logger, string connection, string command, double milliseconds);

    [LoggerMessage(GuestAgentLogEvents.Frozen, LogLevel.Information, "{Connection}: {FileSystems} file systems frozen")]
    public static partial void GuestFrozen(this ILogger logger, string connection, long fileSystems);

    [LoggerMessage(GuestAgentLogEvents.Thawed, LogLevel.Information, "{Connection}: thawed, at the attempt {Attempt}")]
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
