using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>Where a job stands (QAPI <c>JobStatus</c>, QEMU 2.12). Other versions of QEMU may know other values.</summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<JobStatus>))]
public readonly record struct JobStatus(string Value) : IQapiString<JobStatus>
{
    /// <summary><c>undefined</c>: not set.</summary>
    public static JobStatus Undefined { get; } = new("undefined");

    /// <summary><c>created</c>: made, not yet running.</summary>
    public static JobStatus Created { get; } = new("created");

    /// <summary><c>running</c>: running. Graph changes make a job switch between this and <see cref="Paused"/> all the time.</summary>
    public static JobStatus Running { get; } = new("running");

    /// <summary><c>paused</c>: paused by a user or by QEMU itself.</summary>
    public static JobStatus Paused { get; } = new("paused");

    /// <summary><c>ready</c>: a mirror has caught up and waits for <c>job-complete</c>.</summary>
    public static JobStatus Ready { get; } = new("ready");

    /// <summary><c>standby</c>: ready and paused.</summary>
    public static JobStatus Standby { get; } = new("standby");

    /// <summary><c>waiting</c>: done, waiting for other jobs of its transaction.</summary>
    public static JobStatus Waiting { get; } = new("waiting");

    /// <summary><c>pending</c>: done, waiting for <c>job-finalize</c>.</summary>
    public static JobStatus Pending { get; } = new("pending");

    /// <summary><c>aborting</c>: failed or cancelled, cleaning up.</summary>
    public static JobStatus Aborting { get; } = new("aborting");

    /// <summary><c>concluded</c>: over, waiting for <c>job-dismiss</c>.</summary>
    public static JobStatus Concluded { get; } = new("concluded");

    /// <summary><c>null</c>: gone.</summary>
    public static JobStatus Null { get; } = new("null");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static JobStatus IQapiString<JobStatus>.FromString(string value) => new(value);
}
