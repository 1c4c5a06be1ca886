using Microsoft.Extensions.Logging;
using QmpBackup.Host;
using QmpBackup.Qmp;

namespace QmpBackup.Execution;

/// <summary>
/// Runs the steps of a plan in order and keeps a journal of what was done, so that a start that fails can be undone, newest first.
/// It knows nothing of backups: what to do, and how to undo it, is in the plan.
/// </summary>
internal sealed class PlanExecutor
{
    private readonly StepRunner _runner;
    private readonly Func<EndWatch> _watchEnds;
    private readonly ILogger _logger;
    private readonly IProgress<StepProgress>? _progress;
    private readonly List<PlanStep> _journal = [];

    public PlanExecutor(
        IQmpClient client, ILogger logger, TimeProvider time, IProgress<StepProgress>? progress, IGuestFreezer? freezer = null)
    {
        _runner = new StepRunner(client, time, new FreezeWindow(freezer, time, logger), logger);
        _watchEnds = () => new EndWatch(client, time);
        _logger = logger;
        _progress = progress;
    }

    /// <summary>
    /// Whether the journal may be incomplete, because QEMU did not answer a command.
    /// </summary>
    public bool IsUncertain { get; private set; }

    /// <summary>Why the guest was not frozen; null where it was, or was not to be.</summary>
    public string? FreezeObstacle => _runner.Freeze.Obstacle;

    /// <summary>What to do about that; null where nothing is known.</summary>
    public Advice? FreezeRemedy => _runner.Freeze.Remedy;

    /// <summary>How long the guest was frozen; null if it was not.</summary>
    public TimeSpan? Frozen => _runner.Freeze.Length;

    /// <summary>Why the guest may still be frozen; null where it is not.</summary>
    public Advice? ThawProblem => _runner.Freeze.ThawProblem;

    /// <summary>The thaw that goes on after the plan; completed where there is none.</summary>
    public Task Thawing => _runner.Freeze.Thawing;

    /// <summary>
    /// Runs the plan. Cancelling stops it between two steps: a command that was sent is waited for, so that what happened is known.
    /// </summary>
    public async Task RunAsync(BackupPlan plan, CancellationToken cancellationToken)
    {
        // Before the first step, so that no end is missed.
        var ends = _watchEnds();
        await using var ending = ends.ConfigureAwait(false);
        for (var i = 0; i < plan.Steps.Length; i++)
        {
            var step = plan.Steps[i];
            try
            {
                cancellationToken.ThrowIfCancellationRequested();
                WorkflowLog.Step(_logger, i + 1, plan.Steps.Length, step.Purpose, step.Describe());
                _progress?.Report(new StepProgress(step, i + 1, plan.Steps.Length, IsUndo: false));
                await _runner.RunAsync(step, ends, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                // Before the thaw, which may throw as well: the journal must be complete.
                IsUncertain |= e is QmpException and not QmpCommandException;
                if (e is OperationCanceledException && step is not CommandStep)
                    _journal.Add(step);
                try
                {
                    // The guest first: it may be frozen.
                    await _runner.ThawAsync().ConfigureAwait(false);
                }
                finally
                {
                    // Whatever undoes the plan needs QEMU.
                    await _runner.ForgetAsync().ConfigureAwait(false);
                }

                throw StepFailure.Explain(e, step);
            }

            _journal.Add(step);
        }
    }

    /// <summary>Undoes what was done, newest first.</summary>
    public async Task UndoAsync()
    {
        var undo = Enumerable.Reverse(_journal).SelectMany(step => step.Undo).ToList();
        _journal.Clear();
        var ends = _watchEnds();
        await using var ending = ends.ConfigureAwait(false);
        for (var i = 0; i < undo.Count; i++)
        {
            WorkflowLog.Undo(_logger, i + 1, undo.Count, undo[i].Purpose, undo[i].Describe());
            _progress?.Report(new StepProgress(undo[i], i + 1, undo.Count, IsUndo: true));
            try
            {
                // Cannot be cancelled: an incomplete roll-back is worse. Every step has its own time limit.
                await _runner.RunAsync(undo[i], ends, CancellationToken.None).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                throw StepFailure.Explain(e, undo[i]);
            }
        }
    }
}

/// <summary>Says in a sentence why a step failed.</summary>
internal static class StepFailure
{
    public static Exception Explain(Exception failure, PlanStep? step = null) => failure switch
    {
        BackupException or OperationCanceledException => failure,
        QmpCommandException refused => new BackupException(BackupErrorCode.CommandRefused,
            $"QEMU refused {refused.CommandName}: {refused.Description}", (step as CommandStep)?.RefusalRemedy, refused),
        GuestAgentException agent => new BackupException(
            BackupErrorCode.FreezeFailed, agent.Message, Advice.Of($"The guest may still be frozen: {Feature.Thaw} thaws it."), agent),
        QmpTimeoutException late =>
            new BackupException(BackupErrorCode.TimedOut, late.Message, "Check whether the VM hangs, or its host is overloaded.", late),
        QmpException lost =>
            new BackupException(BackupErrorCode.BackupFailed, $"The connection to QEMU was lost: {lost.Message}", null, lost),
        IOException or UnauthorizedAccessException =>
            new BackupException(BackupErrorCode.Storage, $"{FileFailure.Explain("A file", failure)}.", null, failure),
        _ => failure,
    };
}
