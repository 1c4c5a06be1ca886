using QmpBackup.Observe;
using QmpBackup.Planning;
using QmpBackup.Qmp;
using QmpBackup.Repositories;
using QmpBackup.Sessions;

namespace QmpBackup.Pulling;

/// <summary>Takes a backup from start to finish: opens it, pulls it, closes it; rolls it back on any failure.</summary>
public sealed class BackupRunner
{
    private readonly Repository _repository;
    private readonly PullOptions _options;

    /// <summary>A runner.</summary>
    /// <param name="repository">Where the point goes.</param>
    /// <param name="options">How it is pulled; null for the defaults.</param>
    public BackupRunner(Repository repository, PullOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(repository);
        (_repository, _options) = (repository, options ?? new PullOptions());
    }

    /// <summary>
    /// Runs it. What an earlier run has left that was killed is closed first: finished where its point is complete in the repository, else rolled back. A backup that the
    /// repository knows nothing of is somebody else's and is left alone.
    /// </summary>
    /// <param name="workflow">The VM.</param>
    /// <param name="request">What is wanted; its parents are those that the repository holds.</param>
    /// <param name="vm">The name that the VM has in the repository; null for its own.</param>
    /// <param name="keepBitmap">Whether the old bitmaps stay, disabled, as part of the sequence.</param>
    /// <param name="cancellationToken">Stops it, at any moment, and rolls back.</param>
    /// <exception cref="BackupException">It failed, and why; it is rolled back, and the message says so if that was not possible.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled and is rolled back.</exception>
    public async Task<RunResult> RunAsync(
        BackupWorkflow workflow, StartRequest request, string? vm = null, bool keepBitmap = false, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(workflow);
        ArgumentNullException.ThrowIfNull(request);
        var state = await workflow.ObserveAsync(cancellationToken).ConfigureAwait(false);
        var chain = _repository.GetChain(PointPuller.NameOf(state, vm), request.Chain);
        using (chain.Lock())
        {
            var remarks = new List<string>();
            await RecoverAsync(workflow, state, chain, remarks, cancellationToken).ConfigureAwait(false);
            var contents = chain.Read();
            var pulled = await TakeAsync(workflow, request with { Parents = contents.Parents() }, chain, keepBitmap, cancellationToken).ConfigureAwait(false);
            return new RunResult(pulled, [.. remarks]);
        }
    }

    private static async Task RecoverAsync(BackupWorkflow workflow, VmState state, RepositoryChain chain, List<string> remarks, CancellationToken cancellationToken)
    {
        var contents = chain.Read();
        var open = OpenBackup.Find(state);
        if ((open.IsOpen || open.IsInterrupted) && open.Checkpoint?.Value is { } id)
        {
            // The lock is ours, so whoever has left a folder of this point here is gone.
            if (contents.Find(id) is { } point && point.Disks.All(d => contents.FindFault(point, d) is null))
            {
                if (await TryFinishAsync(workflow, cancellationToken).ConfigureAwait(false))
                    remarks.Add($"Backup {id} was complete in the repository but not closed; it is finished.");
                else
                    remarks.Add($"Backup {id} was complete in the repository, but QEMU no longer held it; it is rolled back, and what changed is in the next increment.");
            }
            else if (open.IsInterrupted || contents.Incomplete.Contains(id))
            {
                await workflow.AbortAsync(cancellationToken).ConfigureAwait(false);
                remarks.Add($"Backup {id} was cut off before it was complete; it is rolled back.");
            }
        }

        foreach (var incomplete in contents.Incomplete) chain.RemoveIncomplete(incomplete);
    }

    private static async Task<bool> TryFinishAsync(BackupWorkflow workflow, CancellationToken cancellationToken)
    {
        try
        {
            await workflow.FinishAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (BackupException e) when (e.Code == BackupErrorCode.BackupFailed)
        {
            await workflow.AbortAsync(cancellationToken).ConfigureAwait(false);
            return false;
        }
    }

    private async Task<PulledPoint> TakeAsync(
        BackupWorkflow workflow, StartRequest request, RepositoryChain chain, bool keepBitmap, CancellationToken cancellationToken)
    {
        var id = request.Checkpoint.Value;
        var plan = await workflow.PlanStartAsync(request, cancellationToken).ConfigureAwait(false);
        try
        {
            // Before the VM is touched: by this folder the next run knows that the backup was ours, whenever this one is killed.
            Directory.CreateDirectory(chain.FolderOf(id));
            SafeFile.FlushFolder(chain.Folder);
        }
        catch (Exception e) when (StorageFailure.Is(e))
        {
            RemoveQuietly(chain, id);
            throw StorageFailure.Explain(chain.Folder, e);
        }

        try
        {
            var session = await workflow.StartPlannedAsync(plan, cancellationToken).ConfigureAwait(false);
            var state = await workflow.ObserveAsync(cancellationToken).ConfigureAwait(false);
            var pulled = await new PointPuller(_repository, _options).PullAsync(workflow, state, session, chain, cancellationToken).ConfigureAwait(false);
            // From here on the point is complete: what stops us now is mended by the next run.
            await workflow.FinishOfAsync(id, keepBitmap).ConfigureAwait(false);
            return pulled with { FreezeObstacle = session.FreezeObstacle };
        }
        catch (Exception failure)
        {
            await RollBackAsync(workflow, id, failure, cancellationToken).ConfigureAwait(false);
            RemoveQuietly(chain, id);
            throw;
        }
    }

    private static async Task RollBackAsync(BackupWorkflow workflow, string id, Exception failure, CancellationToken cancellationToken)
    {
        try
        {
            // A start that was refused because another backup is open must leave that one alone.
            var open = OpenBackup.Find(await workflow.ObserveAsync(CancellationToken.None).ConfigureAwait(false));
            if ((open.IsOpen || open.IsInterrupted) && open.Checkpoint?.Value == id) await workflow.AbortAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is BackupException or QmpException)
        {
            var known = failure as BackupException;
            throw new BackupException(known?.Code ?? BackupErrorCode.BackupFailed,
                $"{(cancellationToken.IsCancellationRequested ? "The backup was stopped." : failure.Message)} And it could not be rolled back: {e.Message}",
                "The next 'qbackup run' does that, or 'qbackup abort'.", failure);
        }
    }

    private static void RemoveQuietly(RepositoryChain chain, string id)
    {
        try
        {
            chain.RemoveIncomplete(id);
        }
        catch (BackupException)
        {
            // It is no point, and the next run removes it.
        }
    }
}
