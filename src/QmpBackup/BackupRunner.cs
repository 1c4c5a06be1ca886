using System.Collections.Immutable;
using QmpBackup.Host;
using QmpBackup.Model;
using QmpBackup.Observing;
using QmpBackup.Qmp;

namespace QmpBackup;

/// <summary>Takes a backup from start to finish: opens it, pulls it, closes it; rolls it back on any failure.</summary>
public sealed class BackupRunner
{
    private readonly BackupRepository _repository;
    private readonly PullOptions _options;

    /// <summary>A runner.</summary>
    /// <param name="repository">Where the point goes.</param>
    /// <param name="options">How it is pulled; null for the defaults.</param>
    public BackupRunner(BackupRepository repository, PullOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(repository);
        (_repository, _options) = (repository, options ?? new PullOptions());
    }

    /// <summary>
    /// Runs it. If an earlier run was killed, its backup is closed first: finished if its point is complete in the repository, else rolled
    /// back. A backup that the repository does not know belongs to another program and stays as it is.
    /// </summary>
    /// <param name="workflow">The VM.</param>
    /// <param name="request">What to back up, and how. The runner takes the parents from the repository.</param>
    /// <param name="vm">The name that the VM has in the repository; null for its own.</param>
    /// <param name="keepBitmap">Whether the old bitmaps are kept, disabled, as part of the sequence.</param>
    /// <param name="cancellationToken">Stops it, at any moment, and rolls back.</param>
    /// <exception cref="BackupException">
    /// The backup failed. It is rolled back, or the message says that this was not possible.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled and is rolled back.</exception>
    public async Task<RunResult> RunAsync(
        BackupWorkflow workflow, StartRequest request, string? vm = null, bool keepBitmap = false,
            CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(workflow);
        ArgumentNullException.ThrowIfNull(request);
        workflow.LookIn(request.ScratchDirectory);
        using var free = workflow.Monitor.LetGo();
        // Only the name is taken from this state: until this run holds the lock, another one may be at work.
        var state = await workflow.ObserveAsync(cancellationToken).ConfigureAwait(false);
        var chain = _repository.GetChain(PointPuller.NameOf(state, vm), request.Chain);
        RightPlace.RequireNotLost(state, chain, _options);
        var work = new WatchedWork(workflow, _options);
        var held = chain.Lock();
        try
        {
            var contents = await AwayAsync(() => chain.Read(_options.SignKey, requireSignature: _options.SignKey is not null),
                cancellationToken).ConfigureAwait(false);
            RightPlace.Require(state, contents, _options);
            var remarks = new List<string>();
            await RecoverAsync(workflow, contents, keepBitmap, remarks, cancellationToken).ConfigureAwait(false);
            var parents = await AwayAsync(contents.Parents, cancellationToken).ConfigureAwait(false);
            var result = await TakeAsync(
                work, workflow, request with { Parents = parents }, contents, keepBitmap, cancellationToken).ConfigureAwait(false);
            return result with { Remarks = [.. remarks, .. result.Remarks] };
        }
        finally
        {
            work.Release(held.Dispose);
        }
    }

    // A repository that hangs must not keep the user from stopping the run. Only for reads: they may go on after the run has ended.
    private static Task<T> AwayAsync<T>(Func<T> read, CancellationToken cancellationToken) =>
        Task.Run(read, CancellationToken.None).WaitAsync(cancellationToken);

    private static string WhyNot(CheckpointId id, DiskFault fault)
    {
        var which = fault.Point == id ? "" : $"point {fault.Point}: ";
        return $"has a point in the repository that {(fault.IsUntrusted ? fault.Predicate : "is not sound")} ({which}{fault.Problem})";
    }

    private static async Task RecoverAsync(
        BackupWorkflow workflow, ChainContents contents, bool keepBitmap, List<string> remarks, CancellationToken cancellationToken)
    {
        var open = OpenBackup.Find(await workflow.ObserveAsync(ObservationScope.Closing, cancellationToken).ConfigureAwait(false));
        if ((open.IsOpen || open.IsInterrupted) && open.Checkpoint is { } id)
        {
            // This run holds the lock, so the run that left files of this point has ended.
            if (contents.Find(id) is { } point)
            {
                var fault = await AwayAsync(() => point.Disks.Select(d => contents.FindFault(point, d)).FirstOrDefault(f => f is not null),
                    cancellationToken).ConfigureAwait(false);
                if (fault is null)
                    await FinishOrAbortAsync(workflow, id, keepBitmap, remarks).ConfigureAwait(false);
                else
                    await AbortAsync(workflow, id, WhyNot(id, fault), remarks).ConfigureAwait(false);
            }
            else if (contents.Broken.FirstOrDefault(b => b.Id == id) is { } broken)
            {
                await AbortAsync(
                    workflow, id, $"has a point in the repository that is not sound ({broken.Problem})", remarks).ConfigureAwait(false);
            }
            else if (open.IsInterrupted || contents.Incomplete.Contains(id))
            {
                await AbortAsync(workflow, id, "was cut off before it was complete", remarks).ConfigureAwait(false);
            }
        }

        foreach (var incomplete in contents.Incomplete)
            contents.Chain.RemoveIncomplete(incomplete);
    }

    private static async Task FinishOrAbortAsync(BackupWorkflow workflow, CheckpointId id, bool keepBitmap, List<string> remarks)
    {
        try
        {
            var closed = await workflow.FinishOfAsync(id, keepBitmap).ConfigureAwait(false);
            remarks.Add($"Backup {id} was complete in the repository but not closed; it is finished.");
            if (closed.Harm is { } harm)
                remarks.Add(BackupWorkflow.Harmed(harm, "Check the guest's file systems").Message);
        }
        catch (BackupException e) when (e.Code == BackupErrorCode.NothingOpen)
        {
            // Another program has closed it meanwhile.
        }
        catch (BackupException e) when (e.Code is BackupErrorCode.BackupFailed or BackupErrorCode.CommandRefused)
        {
            await workflow.AbortOfAsync(id).ConfigureAwait(false);
            remarks.Add($"Backup {id} was complete in the repository, but QEMU no longer held it ({e.Message.TrimEnd('.')}); it is "
                + $"rolled back, and what changed is in the next backup.");
        }
    }

    private static async Task AbortAsync(BackupWorkflow workflow, CheckpointId id, string why, List<string> remarks)
    {
        var closed = await workflow.AbortOfAsync(id).ConfigureAwait(false);
        remarks.Add($"Backup {id} {why}; it is rolled back.");
        if (closed.Harm is { } harm)
            remarks.Add(BackupWorkflow.Harmed(harm, "Check the guest's file systems").Message);
    }

    private async Task<RunResult> TakeAsync(
        WatchedWork work, BackupWorkflow workflow, StartRequest request, ChainContents contents, bool keepBitmap,
            CancellationToken cancellationToken)
    {
        var plan = await workflow.PlanStartAsync(request, cancellationToken).ConfigureAwait(false);
        var (id, chain) = (plan.Note!.Checkpoint, contents.Chain);
        try
        {
            // Before the VM is touched: if this run is killed, the next one knows by this mark that the backup was this repository's.
            chain.Mark(id);
        }
        catch (Exception e) when (FileFailure.Is(e))
        {
            RemoveQuietly(chain, id);
            throw FileFailure.ToBackupException(chain.Folder, e);
        }

        try
        {
            var (session, state) = await OpenAsync(workflow, plan, cancellationToken).ConfigureAwait(false);
            var puller = new PointPuller(_repository, _options);
            var pulled = await puller.PullAsync(work, workflow, state, session, () => contents, cancellationToken).ConfigureAwait(false);
            // From here on the point is complete: the next run finishes what this one cannot.
            var closed = await workflow.FinishOfAsync(id, keepBitmap).ConfigureAwait(false);
            if (closed.Harm is { } harm)
                throw BackupWorkflow.Harmed(harm, $"Point {id} is still complete in the repository");
            return new RunResult(pulled, plan.Remarks)
            {
                FreezeObstacle = session.FreezeObstacle,
                FreezeRemedy = session.FreezeRemedy,
                ThawProblem = session.ThawProblem,
            };
        }
        catch (Exception failure)
        {
            await RollBackAsync(workflow, id, failure, cancellationToken).ConfigureAwait(false);
            if (!work.IsLeft)
                RemoveQuietly(chain, id);
            throw;
        }
    }

    private static async Task<(BackupSession Session, VmState State)> OpenAsync(
        BackupWorkflow workflow, BackupPlan plan, CancellationToken cancellationToken)
    {
        await using var held = (await workflow.Monitor.HoldAsync(cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        var session = await workflow.StartPlannedAsync(plan, cancellationToken).ConfigureAwait(false);
        return (session, await workflow.ObserveAsync(ObservationScope.Closing, cancellationToken).ConfigureAwait(false));
    }

    private static async Task RollBackAsync(
        BackupWorkflow workflow, CheckpointId id, Exception failure, CancellationToken cancellationToken)
    {
        try
        {
            // If the start was refused because another backup is open, that one stays open.
            await workflow.AbortOfAsync(id).ConfigureAwait(false);
        }
        catch (Exception e) when (e is BackupException or QmpException)
        {
            var known = failure as BackupException;
            throw new BackupException(known?.Code ?? BackupErrorCode.BackupFailed,
                $"{(cancellationToken.IsCancellationRequested ? "The backup was stopped." : failure.Message)} And it could not be rolled "
                    + $"back: {e.Message}",
                Advice.Of($"The next {Feature.Run} rolls it back, and so does {Feature.Abort}."), failure);
        }
    }

    private static void RemoveQuietly(RepositoryChain chain, CheckpointId id)
    {
        try
        {
            chain.RemoveIncomplete(id);
        }
        catch (BackupException)
        {
            // An incomplete point counts for nothing, and the next run removes it.
        }
    }
}

/// <summary>What a run did.</summary>
/// <param name="Pulled">The point.</param>
/// <param name="Remarks">What the run did about leftovers of earlier runs, and what the user should know: a sentence each.</param>
public sealed record RunResult(PulledPoint Pulled, ImmutableArray<string> Remarks)
{
    /// <summary>Why the guest may still be frozen, and what to do; null if it was thawed, or was not frozen.</summary>
    public Advice? ThawProblem { get; init; }

    /// <summary>Why the guest was not frozen, in a sentence; null if it was frozen, or if no freeze was requested.</summary>
    public string? FreezeObstacle { get; init; }

    /// <summary>What to do about <see cref="FreezeObstacle"/>; null where there is none, or nothing useful to say.</summary>
    public Advice? FreezeRemedy { get; init; }
}
