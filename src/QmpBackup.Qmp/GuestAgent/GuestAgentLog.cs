using Microsoft.Extensions.Logging;

namespace QmpBackup.Qmp;

/// <summary>The event ids of the log messages of <see cref="GuestAgentClient"/> and <see cref="GuestFreeze"/>. They never change their meaning.</summary>
public static class GuestAgentLogEvents
{
    /// <summary>A connection was opened. Debug.</summary>
    public const int Connected = 2000;

    /// <summary>The agent is in step; so many bytes from before were thrown away. Debug.</summary>
    public const int Synchronized = 2001;

    /// <summary>A command without an answer of success was sent. Debug.</summary>
    public const int CommandSent = 2100;

    /// <summary>A command was answered. Debug.</summary>
    public const int CommandCompleted = 2101;

    /// <summary>A call ran out of time. Debug: the caller gets an exception.</summary>
    public const int TimedOut = 2102;

    /// <summary>The guest is frozen. Information.</summary>
    public const int Frozen = 2200;

    /// <summary>The guest is thawed. Information.</summary>
    public const int Thawed = 2201;

    /// <summary>An attempt to thaw did not do it; another follows. Warning.</summary>
    public const int ThawRetried = 2202;

    /// <summary>The guest may still be frozen, and nothing more is tried. Error.</summary>
    public const int ThawFailed = 2203;

    /// <summary>What was sent, without secrets. Trace.</summary>
    public const int PayloadSent = 2300;

    /// <summary>What was received, without secrets. Trace.</summary>
    public const int PayloadReceived = 2301;
}

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
