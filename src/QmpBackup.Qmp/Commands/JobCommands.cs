namespace QmpBackup.Qmp;

/// <summary>The commands of QEMU's <c>job</c> module.</summary>
public static class JobCommands
{
    /// <summary><c>job-cancel</c>: cancels a job. It has ended when its status is <c>concluded</c> (QEMU 3.0).</summary>
    public static QmpCommand<JobArguments, QmpVoid> JobCancel { get; } =
        new("job-cancel", QmpJsonContext.Default.JobArguments, QmpJsonContext.Default.QmpVoid);

    /// <summary><c>job-dismiss</c>: removes a job that has ended and does not dismiss itself (QEMU 3.0).</summary>
    public static QmpCommand<JobArguments, QmpVoid> JobDismiss { get; } =
        new("job-dismiss", QmpJsonContext.Default.JobArguments, QmpJsonContext.Default.QmpVoid);

    /// <summary><c>job-finalize</c>: finalizes a job whose status is <c>pending</c> (QEMU 3.0).</summary>
    public static QmpCommand<JobArguments, QmpVoid> JobFinalize { get; } =
        new("job-finalize", QmpJsonContext.Default.JobArguments, QmpJsonContext.Default.QmpVoid);

    /// <summary><c>job-pause</c>: pauses a job (QEMU 3.0).</summary>
    public static QmpCommand<JobArguments, QmpVoid> JobPause { get; } =
        new("job-pause", QmpJsonContext.Default.JobArguments, QmpJsonContext.Default.QmpVoid);

    /// <summary><c>job-resume</c>: resumes a paused job (QEMU 3.0).</summary>
    public static QmpCommand<JobArguments, QmpVoid> JobResume { get; } =
        new("job-resume", QmpJsonContext.Default.JobArguments, QmpJsonContext.Default.QmpVoid);

    /// <summary><c>job-complete</c>: completes a job whose status is <c>ready</c> (QEMU 3.0).</summary>
    public static QmpCommand<JobArguments, QmpVoid> JobComplete { get; } =
        new("job-complete", QmpJsonContext.Default.JobArguments, QmpJsonContext.Default.QmpVoid);

    /// <summary><c>query-jobs</c>: lists the jobs (QEMU 3.0).</summary>
    public static QmpCommand<IReadOnlyList<JobInfo>> QueryJobs { get; } = new("query-jobs", QmpJsonContext.Default.IReadOnlyListJobInfo);

    /// <summary>Executes <c>job-cancel</c>: cancels a job. It has ended when its status is <c>concluded</c> (QEMU 3.0).</summary>
    /// <param name="client">The session.</param>
    /// <param name="id">The id of the job.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task JobCancelAsync(this IQmpClient client, string id, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(JobCancel.With(new JobArguments { Id = id }), cancellationToken);

    /// <summary>Executes <c>job-dismiss</c>: removes a job that has ended and does not dismiss itself (QEMU 3.0).</summary>
    /// <param name="client">The session.</param>
    /// <param name="id">The id of the job.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task JobDismissAsync(this IQmpClient client, string id, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(JobDismiss.With(new JobArguments { Id = id }), cancellationToken);

    /// <summary>Executes <c>job-finalize</c>: finalizes a job whose status is <c>pending</c> (QEMU 3.0).</summary>
    /// <param name="client">The session.</param>
    /// <param name="id">The id of the job.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task JobFinalizeAsync(this IQmpClient client, string id, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(JobFinalize.With(new JobArguments { Id = id }), cancellationToken);

    /// <summary>Executes <c>job-pause</c>: pauses a job (QEMU 3.0).</summary>
    /// <param name="client">The session.</param>
    /// <param name="id">The id of the job.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task JobPauseAsync(this IQmpClient client, string id, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(JobPause.With(new JobArguments { Id = id }), cancellationToken);

    /// <summary>Executes <c>job-resume</c>: resumes a paused job (QEMU 3.0).</summary>
    /// <param name="client">The session.</param>
    /// <param name="id">The id of the job.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task JobResumeAsync(this IQmpClient client, string id, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(JobResume.With(new JobArguments { Id = id }), cancellationToken);

    /// <summary>Executes <c>job-complete</c>: completes a job whose status is <c>ready</c> (QEMU 3.0).</summary>
    /// <param name="client">The session.</param>
    /// <param name="id">The id of the job.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task JobCompleteAsync(this IQmpClient client, string id, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(JobComplete.With(new JobArguments { Id = id }), cancellationToken);

    /// <summary>Executes <c>query-jobs</c>: lists the jobs (QEMU 3.0).</summary>
    /// <param name="client">The session.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>The answer.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task<IReadOnlyList<JobInfo>> QueryJobsAsync(this IQmpClient client, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(QueryJobs.Request, cancellationToken);
}
