using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace QmpBackup;

/// <summary>An ordered list of steps: what <c>qbackup plan</c> prints and what is then run, the very same object.</summary>
/// <param name="Action">What it does.</param>
/// <param name="Summary">What comes of it, in one sentence.</param>
/// <param name="Steps">The steps, in order.</param>
public sealed record BackupPlan(PlanAction Action, string Summary, ImmutableArray<PlanStep> Steps)
{
    /// <summary>What would be done with each disk, and why; empty for plans that are not of a start.</summary>
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

/// <summary>What a backup would do with one disk, and why.</summary>
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

    /// <summary>The bitmap that records until this point and no further; null where none records.</summary>
    internal ChainBitmap? Old { get; init; }
}
