namespace QmpBackup;

/// <summary>A step that is about to be run.</summary>
/// <param name="Step">The step.</param>
/// <param name="Number">Its number, from 1.</param>
/// <param name="Count">How many there are.</param>
/// <param name="IsUndo">Whether it undoes what was done before.</param>
public sealed record StepProgress(PlanStep Step, int Number, int Count, bool IsUndo);

/// <summary>The numbers of the workflow's log messages: they stay what they are.</summary>
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

    /// <summary>The connection was lost in the middle of finish or abort; it is opened anew.</summary>
    public const int ConnectionLostId = 2009;

    /// <summary>QEMU did not say whether writes of the guest failed while the backup was open.</summary>
    public const int HarmUnknownId = 2010;

    /// <summary>A scratch folder or image is left alone: it cannot be of this backup, or cannot be removed.</summary>
    public const int NotRemovedId = 2011;

    /// <summary>The guest may still be frozen, and the backup goes on.</summary>
    public const int NotThawedId = 2012;

    /// <summary>A guest that did not say that it was thawed has said so later.</summary>
    public const int ThawedLateId = 2013;
}
