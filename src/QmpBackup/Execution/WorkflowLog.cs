using Microsoft.Extensions.Logging;

namespace QmpBackup;

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

/// <summary>A step that is about to be run.</summary>
/// <param name="Step">The step.</param>
/// <param name="Number">Its number, from 1.</param>
/// <param name="Count">How many there are.</param>
/// <param name="IsUndo">Whether it undoes what was done before.</param>
public sealed record StepProgress(PlanStep Step, int Number, int Count, bool IsUndo);

/// <summary>The numbers of the workflow's log messages. They never change.</summary>
public static class WorkflowLogEvents
{
    /// <summary>A step is run.</summary>
    public const int StepId = 2001;

    /// <summary>A step is undone.</summary>
    public const int UndoId = 2002;

    /// <summary>Undoing failed; abort takes over.</summary>
    public const int UndoFailedId = 2003;

    /// <summary>A step of finish or abort was refused; it is planned again.</summary>
    public const int PlanRefusedId = 2004;

    /// <summary>The backup goes on without a freeze.</summary>
    public const int NotFrozenId = 2005;

    /// <summary>An open backup is watched.</summary>
    public const int WatchingId = 2006;

    /// <summary>An open backup is given up to spare the VM.</summary>
    public const int GivingUpId = 2007;

    /// <summary>QEMU did not answer the watch in time.</summary>
    public const int WatchUnansweredId = 2008;

    /// <summary>The connection was lost in the middle of finish or abort; a new one is opened.</summary>
    public const int ConnectionLostId = 2009;

    /// <summary>QEMU did not say whether writes of the guest failed while the backup was open.</summary>
    public const int HarmUnknownId = 2010;

    /// <summary>A scratch folder or image is left alone: it cannot be of this backup, or cannot be removed.</summary>
    public const int NotRemovedId = 2011;

    /// <summary>The guest may still be frozen, and the backup goes on.</summary>
    public const int NotThawedId = 2012;

    /// <summary>A guest that had not confirmed the thaw has confirmed it later.</summary>
    public const int ThawedLateId = 2013;

    /// <summary>Another client has the QMP socket.</summary>
    public const int MonitorBusyId = 2014;

    /// <summary>QEMU has made a monitor for this backup alone.</summary>
    public const int OwnMonitorId = 2015;

    /// <summary>QEMU cannot make a monitor for this backup alone.</summary>
    public const int NoOwnMonitorId = 2016;
}
