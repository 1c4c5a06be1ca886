using QmpBackup.Model;
using QmpBackup.Qmp;
using QmpBackup.Qmp.Qapi;

namespace QmpBackup.Observing;

/// <summary>
/// QEMU before 8.0 crashes (an assertion in qcow2_get_specific_info) if it is asked about its nodes while a blockdev-create job opens its
/// image. A killed backup may have left such a job: so its end is awaited first.
/// </summary>
internal static class UnsafeNodeQuery
{
    private const int FixedIn = 8;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(200);

    /// <summary>Waits until nodes can be asked for.</summary>
    /// <param name="client">The connection.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The jobs, where they were asked for and none of them was waited for.</returns>
    /// <exception cref="BackupException">The job does not come to its end (<see cref="BackupErrorCode.Busy"/>).</exception>
    public static async Task<IReadOnlyList<JobInfo>?> AwaitSafetyAsync(
        IQmpClient client, TimeProvider time, CancellationToken cancellationToken)
    {
        if (client.Greeting.Version.Qemu.Major >= FixedIn)
            return null;
        var jobs = await client.QueryJobsAsync(cancellationToken).ConfigureAwait(false);
        if (FindCreation(jobs) is not { } job)
            return jobs;

        var events = client.Subscribe(JobEnd.Concerns, "JOB_STATUS_CHANGE");
        await using (((IAsyncDisposable)events).ConfigureAwait(false))
        {
            var begin = time.GetTimestamp();
            while (FindCreation(await client.QueryJobsAsync(cancellationToken).ConfigureAwait(false)) is not null)
            {
                if (time.GetElapsedTime(begin) > Limit)
                {
                    throw new BackupException(BackupErrorCode.Busy,
                        $"Job {job} has been creating an image for more than {Limit.TotalSeconds:0} seconds, and this version of QEMU can "
                            + "crash if it is asked about its disks during that time.",
                        "Wait until the job has ended, or check whether the storage that QEMU uses hangs. QEMU 8.0 and later can be "
                            + "asked at any time.");
                }

                try
                {
                    await events.WaitForEventAsync(static _ => true, AskAgain, cancellationToken).ConfigureAwait(false);
                }
                catch (QmpTimeoutException)
                {
                    // The event may have come before it was waited for.
                }
            }
        }

        return null;
    }

    private static string? FindCreation(IReadOnlyList<JobInfo> jobs) =>
        jobs.FirstOrDefault(j => j.Type.Value == "create" && j.Status.Value is not ("concluded" or "null"))?.Id;
}
