using Microsoft.Extensions.Logging;

namespace QmpBackup.Execution;

/// <summary>The log messages of the workflow.</summary>
internal static partial class WorkflowLog
{
    [LoggerMessage(WorkflowLogEvents.StepId, LogLevel.Information, "{Number}/{Count} {Purpose} {Action}", EventName = "Step")]
    public static partial void Step(ILogger logger, int number, int count, string purpose, string action);

    [LoggerMessage(WorkflowLogEvents.UndoId, LogLevel.Information, "undo {Number}/{Count} {Purpose} {Action}", EventName = "Undo")]
    public static partial void Undo(ILogger logger, int number, int count, string purpose, string action);

    [LoggerMessage(WorkflowLogEvents.UndoFailedId, LogLevel.Warning,
        "Undoing the steps failed; observing the VM again, and aborting what is found", EventName = "UndoFailed")]
    public static partial void UndoFailed(ILogger logger, Exception exception);

    [LoggerMessage(WorkflowLogEvents.NotFrozenId, LogLevel.Warning,
        "The guest is not frozen, and the point in time is what a power cut would leave: {Obstacle}", EventName = "NotFrozen")]
    public static partial void NotFrozen(ILogger logger, string obstacle);

    [LoggerMessage(WorkflowLogEvents.PlanRefusedId, LogLevel.Information,
        "QEMU refused a step; observing the VM again, and planning again", EventName = "PlanRefused")]
    public static partial void PlanRefused(ILogger logger, Exception exception);

    [LoggerMessage(WorkflowLogEvents.ConnectionLostId, LogLevel.Warning,
        "The connection to QEMU was lost, or it did not answer; observing the VM again over a new one", EventName = "ConnectionLost")]
    public static partial void ConnectionLost(ILogger logger, Exception exception);

    [LoggerMessage(WorkflowLogEvents.NotThawedId, LogLevel.Warning, "{Problem}", EventName = "NotThawed")]
    public static partial void NotThawed(ILogger logger, string problem);

    [LoggerMessage(WorkflowLogEvents.ThawedLateId, LogLevel.Warning, "The guest is thawed now", EventName = "ThawedLate")]
    public static partial void ThawedLate(ILogger logger);

    [LoggerMessage(WorkflowLogEvents.HarmUnknownId, LogLevel.Warning,
        "QEMU did not say whether writes of the guest failed while the backup was open", EventName = "HarmUnknown")]
    public static partial void HarmUnknown(ILogger logger, Exception exception);

    [LoggerMessage(WorkflowLogEvents.NotRemovedId, LogLevel.Warning, "{Path} is left alone: {Obstacle}", EventName = "NotRemoved")]
    public static partial void NotRemoved(ILogger logger, string path, string obstacle);
}

internal static partial class WatchLog
{
    [LoggerMessage(
        WorkflowLogEvents.WatchingId, LogLevel.Information,
        "Watching backup {Checkpoint}: {Free} bytes free for the scratch, {Reserve} must stay (-1: this host does not see it)",
        EventName = "Watching")]
    public static partial void Watching(ILogger logger, CheckpointId checkpoint, long free, long reserve);

    [LoggerMessage(WorkflowLogEvents.GivingUpId, LogLevel.Warning, "Giving up backup {Checkpoint}: {Reason}", EventName = "GivingUp")]
    public static partial void GivingUp(ILogger logger, CheckpointId checkpoint, string reason);

    [LoggerMessage(WorkflowLogEvents.WatchUnansweredId, LogLevel.Warning, "QEMU did not answer the watch in time; asking again",
        EventName = "WatchUnanswered")]
    public static partial void NoAnswer(ILogger logger, Exception exception);
}
