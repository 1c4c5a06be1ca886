using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>A job (QAPI <c>JobInfo</c>, answer of <c>query-jobs</c>, QEMU 3.0).</summary>
public sealed record JobInfo
{
    /// <summary>The id.</summary>
    [JsonPropertyName("id")]
    public required string Id { get; init; }

    /// <summary>The type of the job.</summary>
    [JsonPropertyName("type")]
    public required JobType Type { get; init; }

    /// <summary>The status of the job.</summary>
    [JsonPropertyName("status")]
    public required JobStatus Status { get; init; }

    /// <summary>The progress, in an unspecified unit; it can decrease.</summary>
    [JsonPropertyName("current-progress")]
    public long CurrentProgress { get; init; }

    /// <summary>The total, in the same unit; it can change.</summary>
    [JsonPropertyName("total-progress")]
    public long TotalProgress { get; init; }

    /// <summary>The error, for people; null when there is none. For a cancelled job it says so.</summary>
    [JsonPropertyName("error")]
    public string? Error { get; init; }
}

/// <summary>The type of a job (QAPI <c>JobType</c>, QEMU 1.7). Other versions of QEMU may know other values.</summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<JobType>))]
public readonly record struct JobType(string Value) : IQapiString<JobType>
{
    /// <summary><c>commit</c>: merges an image into its backing file.</summary>
    public static JobType Commit { get; } = new("commit");

    /// <summary><c>stream</c>: copies a backing file into an image.</summary>
    public static JobType Stream { get; } = new("stream");

    /// <summary><c>mirror</c>: mirrors a disk.</summary>
    public static JobType Mirror { get; } = new("mirror");

    /// <summary><c>backup</c>: backs up a disk: <c>blockdev-backup</c>, <c>drive-backup</c>.</summary>
    public static JobType Backup { get; } = new("backup");

    /// <summary><c>create</c>: creates an image: <c>blockdev-create</c> (QEMU 3.0).</summary>
    public static JobType Create { get; } = new("create");

    /// <summary><c>amend</c>: changes the options of an image (QEMU 5.1).</summary>
    public static JobType Amend { get; } = new("amend");

    /// <summary><c>snapshot-load</c>: loads a snapshot (QEMU 6.0).</summary>
    public static JobType SnapshotLoad { get; } = new("snapshot-load");

    /// <summary><c>snapshot-save</c>: saves a snapshot (QEMU 6.0).</summary>
    public static JobType SnapshotSave { get; } = new("snapshot-save");

    /// <summary><c>snapshot-delete</c>: deletes a snapshot (QEMU 6.0).</summary>
    public static JobType SnapshotDelete { get; } = new("snapshot-delete");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static JobType IQapiString<JobType>.FromString(string value) => new(value);
}

/// <summary>The status of a job (QAPI <c>JobStatus</c>, QEMU 2.12). Other versions of QEMU may know other values.</summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<JobStatus>))]
public readonly record struct JobStatus(string Value) : IQapiString<JobStatus>
{
    /// <summary><c>undefined</c>: not set.</summary>
    public static JobStatus Undefined { get; } = new("undefined");

    /// <summary><c>created</c>: not yet running.</summary>
    public static JobStatus Created { get; } = new("created");

    /// <summary>
    /// <c>running</c>: running. While the block graph changes, a job often switches between this and <see cref="Paused"/>.
    /// </summary>
    public static JobStatus Running { get; } = new("running");

    /// <summary><c>paused</c>: paused by a user or by QEMU.</summary>
    public static JobStatus Paused { get; } = new("paused");

    /// <summary><c>ready</c>: a mirror job is in sync and waits for <c>job-complete</c>.</summary>
    public static JobStatus Ready { get; } = new("ready");

    /// <summary><c>standby</c>: ready and paused.</summary>
    public static JobStatus Standby { get; } = new("standby");

    /// <summary><c>waiting</c>: finished, waiting for the other jobs of its transaction.</summary>
    public static JobStatus Waiting { get; } = new("waiting");

    /// <summary><c>pending</c>: finished, waiting for <c>job-finalize</c>.</summary>
    public static JobStatus Pending { get; } = new("pending");

    /// <summary><c>aborting</c>: failed or cancelled, and cleaning up.</summary>
    public static JobStatus Aborting { get; } = new("aborting");

    /// <summary><c>concluded</c>: ended, waiting for <c>job-dismiss</c>.</summary>
    public static JobStatus Concluded { get; } = new("concluded");

    /// <summary><c>null</c>: the job no longer exists.</summary>
    public static JobStatus Null { get; } = new("null");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static JobStatus IQapiString<JobStatus>.FromString(string value) => new(value);
}

/// <summary>
/// The arguments of the commands on one job: <c>job-cancel</c>, <c>job-dismiss</c>, <c>job-finalize</c>, <c>job-pause</c>,
/// <c>job-resume</c> and <c>job-complete</c> (QEMU 3.0).
/// </summary>
public sealed record JobArguments
{
    /// <summary>The id of the job.</summary>
    [JsonPropertyName("id")]
    public required string Id { get; init; }
}
