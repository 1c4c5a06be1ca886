using QmpBackup.Model;
using QmpBackup.Qmp;

namespace QmpBackup;

/// <summary>
/// Works on an open backup while a watch guards it: the work stops before a full scratch affects the guest. It runs on its own threads, so
/// that a file system that hangs delays neither the watch nor a roll-back. Work that cannot be stopped is left running.
/// </summary>
internal sealed class WatchedWork(BackupWorkflow workflow, PullOptions options)
{
    private Task _left = Task.CompletedTask;

    /// <summary>Whether some work was left running: what it works on must not be touched.</summary>
    public bool IsLeft => !_left.IsCompleted;

    /// <summary>Does the work, and watches until it has ended.</summary>
    /// <param name="note">The backup; null where its note was removed: then there is nothing to watch.</param>
    /// <param name="work">The work.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>The result of the work.</returns>
    /// <exception cref="PointLostException">The backup was given up or closed, even if the work had ended.</exception>
    public async Task<T> RunAsync<T>(SessionNote? note, Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        var stopWork = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var stopWatch = new CancellationTokenSource();
        var working = Task.Run(() => work(stopWork.Token), CancellationToken.None);
        var watcher = note is null ? null : new BackupWatcher(workflow, options.Watch)
        {
            GivingUp = () =>
            {
                if (!working.IsCompleted)
                    _ = stopWork.CancelAsync();
            },
        };
        var watch = watcher?.WatchAsync(stopWatch.Token) ?? NeverAsync(stopWatch.Token);
        await Task.WhenAny(working, watch, NeverAsync(stopWork.Token)).ConfigureAwait(false);
        if (!working.IsCompleted)
        {
            await stopWork.CancelAsync().ConfigureAwait(false);
            await ((Task)working).WaitAsync(
                options.Patience, options.TimeProvider, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        // The guest is guarded until here, whatever stops the work.
        await stopWatch.CancelAsync().ConfigureAwait(false);
        await ((Task)watch).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (working.IsCompleted)
            stopWork.Dispose();
        else
            _left = working;
        if (working.IsCompletedSuccessfully && watch.Exception?.InnerException is not BackupException)
        {
            // The watch looks at intervals, and a small disk is read before its first look.
            if (watcher is not null && watch.IsCanceled)
                await RequireUnharmedAsync(watcher, note!).ConfigureAwait(false);
            return await working.ConfigureAwait(false);
        }

        if (!working.IsCompletedSuccessfully)
            cancellationToken.ThrowIfCancellationRequested();
        if (watch.IsFaulted)
            throw Explain(note!, watch.Exception.InnerException!);
        if (watch.IsCompletedSuccessfully)
        {
            throw new PointLostException(new BackupException(BackupErrorCode.BackupFailed,
                $"Backup {note!.Checkpoint} was closed by another program while it was read.",
                "What changed since the last point is part of the next backup."));
        }

        // The watch would have seen the reason a moment later: look for it.
        if (watcher is not null && working.Exception?.InnerException is BackupException { Code: BackupErrorCode.BackupFailed })
        {
            var look = watcher.LookAsync(note!);
            await look.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (look.Exception?.InnerException is BackupException)
                throw Explain(note!, look.Exception.InnerException);
        }

        return await working.ConfigureAwait(false);
    }

    private static async Task RequireUnharmedAsync(BackupWatcher watcher, SessionNote note)
    {
        try
        {
            await watcher.LookForHarmAsync(note).ConfigureAwait(false);
        }
        catch (BackupException e)
        {
            throw Explain(note, e);
        }
        catch (QmpException)
        {
            // The work is done, and closing the backup asks again.
        }
    }

    /// <summary>Releases a lock: now, or when the work that was left running has ended.</summary>
    /// <param name="release">Releases the lock.</param>
    public void Release(Action release)
    {
        if (!IsLeft)
            release();
        else
            _ = _left.ContinueWith(_ => release(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    private static async Task<WatchEnd> NeverAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken).ConfigureAwait(false);
        return WatchEnd.Closed;
    }

    private static Exception Explain(SessionNote note, Exception failure) => failure switch
    {
        BackupException reason => new PointLostException(reason),
        QmpException => new BackupException(BackupErrorCode.BackupFailed,
            $"Backup {note.Checkpoint} can no longer be watched: {failure.Message}", Advice.Of($"If the VM is still there, "
                + $"{Feature.Pull} continues where it stopped, and {Feature.Abort} closes the backup without a point."), failure),
        _ => failure,
    };
}

/// <summary>The point in time was lost while it was read: the data that was read cannot be used.</summary>
internal sealed class PointLostException(BackupException reason) : Exception(reason.Message, reason)
{
    public BackupException Reason { get; } = reason;
}
