using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>What a job does (QAPI <c>JobType</c>, QEMU 1.7). Other versions of QEMU may know other values.</summary>
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

    /// <summary><c>backup</c>: backs a disk up: <c>blockdev-backup</c>, <c>drive-backup</c>.</summary>
    public static JobType Backup { get; } = new("backup");

    /// <summary><c>create</c>: makes an image: <c>blockdev-create</c> (QEMU 3.0).</summary>
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
