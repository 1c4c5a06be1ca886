using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using QmpBackup.Model;
using QmpBackup.Qmp;

namespace QmpBackup;

/// <summary>An ordered list of steps. The plan that is shown and the plan that is run are the same object.</summary>
/// <param name="Action">What it does.</param>
/// <param name="Summary">Its result, in one sentence.</param>
/// <param name="Steps">The steps, in order.</param>
public sealed record BackupPlan(PlanAction Action, string Summary, ImmutableArray<PlanStep> Steps)
{
    /// <summary>What is done with each disk, and why; empty unless it is the plan of a start.</summary>
    public ImmutableArray<DiskChoice> Disks { get; init; } = [];

    /// <summary>The note that QEMU keeps once the backup is open; null for plans that are not of a start.</summary>
    internal SessionNote? Note { get; init; }

    /// <summary>What QEMU remembered of the backup that is closed; null for other plans, and where the mark was taken away.</summary>
    internal SessionNote? Closed { get; init; }

    /// <summary>What the backup has cost the guest, in a clause, as it was found when it was closed; null where nothing is known.</summary>
    internal string? Harm { get; init; }

    /// <summary>Remarks that the user should read.</summary>
    public ImmutableArray<string> Remarks { get; init; } = [];
}

/// <summary>What a plan does.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PlanAction>))]
public enum PlanAction
{
    /// <summary>Opens a backup.</summary>
    [JsonStringEnumMemberName("start")]
    Start,

    /// <summary>Closes it: the data is safe.</summary>
    [JsonStringEnumMemberName("finish")]
    Finish,

    /// <summary>Closes it as if it had never been started.</summary>
    [JsonStringEnumMemberName("abort")]
    Abort,

    /// <summary>Changes one bitmap by hand.</summary>
    [JsonStringEnumMemberName("bitmap")]
    Bitmap,
}

/// <summary>What a backup does with one disk, and why.</summary>
public sealed record DiskChoice
{
    /// <summary>The disk.</summary>
    public required VmDisk Disk { get; init; }

    /// <summary>What is taken.</summary>
    public required BackupLevel Level { get; init; }

    /// <summary>Why.</summary>
    public required string Reason { get; init; }

    /// <summary>The checkpoint that an increment is relative to.</summary>
    public CheckpointId? Parent { get; init; }

    /// <summary>The bitmaps whose merge is what changed since the parent; empty for a full.</summary>
    public ImmutableArray<string> Changed { get; init; } = [];

    /// <summary>The bitmap that records until this point; null if none records.</summary>
    internal ChainBitmap? Old { get; init; }
}

/// <summary>One step of a plan, as data: its purpose, what exactly is done, and its undo.</summary>
/// <param name="Purpose">What it is for: one sentence for a person.</param>
public abstract record PlanStep(string Purpose)
{
    /// <summary>The steps that undo it, in order; empty if nothing has to be undone, or if the undo of a later step does it.</summary>
    public ImmutableArray<PlanStep> Undo { get; init; } = [];

    /// <summary>
    /// Whether it is the commit point. Steps before it only add things and do no harm; what comes after it is undone exactly.
    /// </summary>
    public bool IsCommitPoint { get; init; }

    /// <summary>What is done, in one line.</summary>
    public abstract string Describe();
}

/// <summary>A QMP command.</summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="Request">The exact command.</param>
public record CommandStep(string Purpose, QmpRequest Request) : PlanStep(Purpose)
{
    /// <summary>
    /// Whether QEMU may refuse the command: the thing that it removes may be gone already, and QEMU cannot be asked.
    /// </summary>
    public bool MayBeRefused { get; init; }

    /// <summary>What to do if QEMU refuses the command; null if QEMU's error says enough.</summary>
    public Advice? RefusalRemedy { get; init; }

    /// <inheritdoc/>
    public override string Describe() => Request.ToJson();
}

/// <summary>
/// Gets the guest agent ready, so that the guest is frozen only for the transaction.
/// </summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="Request">How to freeze.</param>
public sealed record PrepareFreezeStep(string Purpose, FreezeRequest Request) : PlanStep(Purpose)
{
    /// <inheritdoc/>
    public override string Describe() => """agent: {"execute":"guest-sync-delimited","arguments":{"id":RANDOM}} {"execute":"guest-info"}""";
}

/// <summary>
/// Sends the QMP command of the commit point up to its last byte, before the guest is frozen. QEMU reads it, and does nothing: the step of
/// the commit point sends the rest. If the plan ends before that, QEMU is made to forget what it has read.
/// </summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="Request">The command, the same object as in the step of the commit point.</param>
public sealed record SendAheadStep(string Purpose, QmpRequest Request) : PlanStep(Purpose)
{
    /// <inheritdoc/>
    public override string Describe() => $"send the {Request.Command} of the commit point up to its last byte, wait until QEMU has read it";
}

/// <summary>Freezes the guest's file systems.</summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="Request">How.</param>
public sealed record FreezeStep(string Purpose, FreezeRequest Request) : PlanStep(Purpose)
{
    /// <inheritdoc/>
    public override string Describe() => Request.Mountpoints.IsEmpty
        ? """agent: {"execute":"guest-fsfreeze-freeze"}"""
        : $$$"""agent: {"execute":"guest-fsfreeze-freeze-list","arguments":{"mountpoints":[{{{Mountpoints()}}}]}}""";

    private string Mountpoints() => string.Join(',', Request.Mountpoints.Select(m => $"\"{JsonEncodedText.Encode(m)}\""));
}

/// <summary>Thaws the guest's file systems.</summary>
/// <param name="Purpose">What it is for.</param>
public sealed record ThawStep(string Purpose) : PlanStep(Purpose)
{
    /// <inheritdoc/>
    public override string Describe() => """agent: {"execute":"guest-fsfreeze-thaw"}, until guest-fsfreeze-status says thawed""";
}

/// <summary>Waits until a job has concluded.</summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="JobId">The job.</param>
public sealed record AwaitJobStep(string Purpose, string JobId) : PlanStep(Purpose)
{
    /// <summary>What failed if the job ends with an error; null if an error does not matter, as for a cancelled job.</summary>
    public string? FailureMeans { get; init; }

    /// <inheritdoc/>
    public override string Describe() => $"wait until query-jobs shows {JobId} concluded or gone";
}

/// <summary>Waits until an export is gone: until then its bitmap is busy and its node is in use.</summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="ExportId">The export.</param>
public sealed record AwaitExportGoneStep(string Purpose, string ExportId) : PlanStep(Purpose)
{
    /// <inheritdoc/>
    public override string Describe() => $"wait for BLOCK_EXPORT_DELETED of {ExportId}, or until query-block-exports no longer lists it";
}
