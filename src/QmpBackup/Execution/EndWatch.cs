using QmpBackup.Model;
using QmpBackup.Qmp;
using QmpBackup.Qmp.Qapi;

namespace QmpBackup.Execution;

/// <summary>
/// Waits for jobs and exports to end. Events report it. QEMU is asked only if no event came: it was missed, or the end was before this
/// watch.
/// </summary>
internal sealed class EndWatch : IAsyncDisposable
{
    // A job that ends normally does so in milliseconds; one that waits for I/O may take its time.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    // How long an event is waited for before QEMU is asked: at first, and at most.
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);

    private readonly IQmpClient _client;
    private readonly TimeProvider _time;
    private readonly QmpEventSubscription _events;
    private readonly HashSet<string> _endedJobs = [];
    private readonly HashSet<string> _goneExports = [];

    // What QEMU answered last. A job in it that has concluded stays concluded until it is dismissed.
    private Dictionary<string, JobInfo>? _jobs;

    /// <summary>A watch over all that ends from now on.</summary>
    /// <param name="client">The connection.</param>
    /// <param name="time">The clock.</param>
    public EndWatch(IQmpClient client, TimeProvider time)
    {
        (_client, _time) = (client, time);
        _events = client.Subscribe(JobEnd.Concerns, "JOB_STATUS_CHANGE", "BLOCK_EXPORT_DELETED");
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _events.DisposeAsync();

    /// <summary>Notes that a command is about to be sent: it may make jobs that the last answer does not know.</summary>
    /// <param name="command">The name of the command.</param>
    public void OnCommand(string command)
    {
        if (command is "blockdev-create" or "transaction")
            _jobs = null;
    }

    /// <summary>Waits until a job has concluded, or is gone.</summary>
    /// <param name="step">The job, and what it means if it failed.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task AwaitAsync(AwaitJobStep step, CancellationToken cancellationToken) => AwaitAsync(
        $"Job {step.JobId} did not end", () => HasEnded(step), () => HasEndedAsync(step), cancellationToken);

    /// <summary>Waits until an export is gone.</summary>
    /// <param name="step">The export.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task AwaitAsync(AwaitExportGoneStep step, CancellationToken cancellationToken) => AwaitAsync(
        $"Export {step.ExportId} was not removed", () => _goneExports.Remove(step.ExportId) ? Task.FromResult(true) : null,
        () => IsGoneAsync(step.ExportId), cancellationToken);

    private async Task AwaitAsync(
        string problem, Func<Task<bool>?> isKnown, Func<Task<bool>> ask, CancellationToken cancellationToken)
    {
        var (since, wait) = (_time.GetTimestamp(), FirstWait);
        while (true)
        {
            Collect();
            if (isKnown() is { } known && await known.ConfigureAwait(false))
                return;
            try
            {
                Note(await _events.WaitForEventAsync(static _ => true, wait, cancellationToken).ConfigureAwait(false));
                continue;
            }
            catch (QmpTimeoutException)
            {
            }

            if (await ask().ConfigureAwait(false))
                return;
            if (_time.GetElapsedTime(since) > Limit)
            {
                throw new BackupException(BackupErrorCode.TimedOut, $"{problem} within {Limit.TotalSeconds:0} seconds.",
                    "Check whether the storage that QEMU uses hangs.");
            }

            wait = wait * 2 < LongestWait ? wait * 2 : LongestWait;
        }
    }

    // Null: no event, and no answer that counts.
    private Task<bool>? HasEnded(AwaitJobStep step)
    {
        if (_jobs is not null && (!_jobs.TryGetValue(step.JobId, out var job) || job.Status.Value == "concluded"))
        {
            Conclude(step, job);
            return Task.FromResult(true);
        }

        if (!_endedJobs.Remove(step.JobId))
            return null;
        // The event does not say whether the job failed.
        return step.FailureMeans is null ? Task.FromResult(true) : HasEndedAsync(step);
    }

    private async Task<bool> HasEndedAsync(AwaitJobStep step)
    {
        var jobs = await _client.QueryJobsAsync(CancellationToken.None).ConfigureAwait(false);
        // Ids are unique in QEMU, but a hostile QEMU may repeat them.
        _jobs = jobs.DistinctBy(j => j.Id).ToDictionary(j => j.Id);
        if (_jobs.TryGetValue(step.JobId, out var job) && job.Status.Value != "concluded")
            return false;
        Conclude(step, job);
        return true;
    }

    private static void Conclude(AwaitJobStep step, JobInfo? job)
    {
        if (step.FailureMeans is { } meaning && job?.Error is { } error)
        {
            throw new BackupException(BackupErrorCode.Storage, $"{meaning}: {error}.",
                Advice.Of($"QEMU itself must be able to write there, as the user that it runs as. Name another directory with "
                    + $"{Feature.ScratchDirectory}."));
        }
    }

    private async Task<bool> IsGoneAsync(string exportId) =>
        (await _client.QueryBlockExportsAsync(CancellationToken.None).ConfigureAwait(false)).All(e => e.Id != exportId);

    private void Collect()
    {
        while (_events.TryRead(out var happened))
            Note(happened);
    }

    private void Note(QmpEvent happened)
    {
        try
        {
            if (happened.TryGetData<JobStatusChangeEvent>(out var job) && job.Status.Value is "concluded" or "null")
                _endedJobs.Add(job.Id);
            else if (happened.TryGetData<BlockExportDeletedEvent>(out var export))
                _goneExports.Add(export.Id);
        }
        catch (QmpProtocolException)
        {
            // QEMU is asked instead.
        }
    }
}
