using Microsoft.Extensions.Logging;

namespace QmpBackup;

internal static partial class WatchLog
{
    [LoggerMessage(WorkflowLogEvents.WatchingId, LogLevel.Information, "Watching backup {Checkpoint}: {Free} bytes free for the scratch, {Reserve} must stay (-1: this host does not see it)", EventName = "Watching")]
    public static partial void Watching(ILogger logger, string checkpoint, long free, long reserve);

    [LoggerMessage(WorkflowLogEvents.GivingUpId, LogLevel.Warning, "Giving up backup {Checkpoint}: {Reason}", EventName = "GivingUp")]
    public static partial void GivingUp(ILogger logger, string checkpoint, string reason);

    [LoggerMessage(WorkflowLogEvents.WatchUnansweredId, LogLevel.Warning, "QEMU did not answer the watch in time; it is asked again", EventName = "WatchUnanswered")]
    public static partial void NoAnswer(ILogger logger, Exception exception);
}
