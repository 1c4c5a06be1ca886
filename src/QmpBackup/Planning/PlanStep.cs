using System.Collections.Immutable;
using System.Text.Json;
using QmpBackup.Model;
using QmpBackup.Nbd;
using QmpBackup.Planning;
using QmpBackup.Qmp;

namespace QmpBackup;

/// <summary>One step of a plan, as data: what it is for, what exactly is done, and how it is undone.</summary>
/// <param name="Purpose">What it is for: one sentence for a person.</param>
public abstract record PlanStep(string Purpose)
{
    /// <summary>What undoes it, in this order; empty where nothing has to be undone, or a later step's undo does it.</summary>
    public ImmutableArray<PlanStep> Undo { get; init; } = [];

    /// <summary>
    /// Whether it is the commit point: before it everything is additive and harmless, after it everything is undone exactly.
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
    /// Whether it is as well if QEMU refuses: what it would do away with may be gone already, and QEMU has no way to ask.
    /// </summary>
    public bool MayBeRefused { get; init; }

    /// <summary>What a refusal most likely means and what to do then; null where the error speaks for itself.</summary>
    public Advice? RefusalRemedy { get; init; }

    /// <inheritdoc/>
    public override string Describe() => Request.ToJson();
}

/// <summary>Writes the note of the open backup anew. How long the guest was frozen is known, and filled in, when it is run.</summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="Note">The note.</param>
internal sealed record NoteStep(string Purpose, SessionNote Note) : CommandStep(Purpose, Steps.WriteNote(Note))
{
    internal QmpRequest RequestAfter(TimeSpan? frozen, bool mayBeFrozen) =>
        frozen is null && !mayBeFrozen ? Request : Steps.WriteNote(After(Note, frozen, mayBeFrozen));

    internal static SessionNote After(SessionNote note, TimeSpan? frozen, bool mayBeFrozen) =>
        note with
        {
            FrozenMilliseconds = frozen is { } time ? Math.Round(time.TotalMilliseconds, 1) : note.FrozenMilliseconds,
            MayBeFrozen = mayBeFrozen
        };
}

/// <summary>
/// Gets the guest agent ready, so that nothing but freeze, transaction and thaw lies in the time that the guest stands still.
/// </summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="Request">How to freeze.</param>
public sealed record PrepareFreezeStep(string Purpose, FreezeRequest Request) : PlanStep(Purpose)
{
    /// <inheritdoc/>
    public override string Describe() => """agent: {"execute":"guest-sync-delimited","arguments":{"id":RANDOM}} {"execute":"guest-info"}""";
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

/// <summary>Makes a folder on this host that only the user of the VM can enter.</summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="Path">The folder.</param>
/// <param name="Owner">The process that must be able to use it.</param>
internal sealed record MakeFolderStep(string Purpose, string Path, VmProcess Owner) : PlanStep(Purpose)
{
    /// <summary>What is written into it, so that it is known later whose it is.</summary>
    internal ScratchMark? Mark { get; init; }

    /// <inheritdoc/>
    public override string Describe() => $"mkdir -m 700 {Path} (owner: user {Owner.UserId})";
}

/// <summary>Removes a scratch image from its scratch folder. An image in a folder of another backup is left alone.</summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="Path">The file.</param>
/// <param name="Owner">The process that the folder was made for.</param>
internal sealed record RemoveFileStep(string Purpose, string Path, VmProcess Owner) : PlanStep(Purpose)
{
    /// <inheritdoc/>
    public override string Describe() => $"rm -f {Path}";
}

/// <summary>
/// Removes a scratch folder of ours, with the scratch images and the socket in it and nothing else. One that cannot be of this backup is
/// left alone.
/// </summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="Path">The folder.</param>
/// <param name="Owner">The process that it was made for.</param>
internal sealed record RemoveFolderStep(string Purpose, string Path, VmProcess Owner) : PlanStep(Purpose)
{
    /// <inheritdoc/>
    public override string Describe() => $"rm {Path}/qbackup-*; rmdir {Path}";
}

/// <summary>
/// Makes sure that nothing is at a path of the user's: QEMU would silently remove what is there to put its socket in the place.
/// </summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="Path">The path.</param>
internal sealed record RequireFreePathStep(string Purpose, string Path) : PlanStep(Purpose)
{
    /// <inheritdoc/>
    public override string Describe() => $"test ! -e {Path}";
}

/// <summary>Makes sure that a directory on this host has room: a scratch that runs full ends the backup.</summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="Path">The directory.</param>
/// <param name="Bytes">How much must be free, in bytes.</param>
internal sealed record RequireSpaceStep(string Purpose, string Path, long Bytes) : PlanStep(Purpose)
{
    /// <summary>How large the largest scratch image may become, in bytes.</summary>
    internal long LargestFile { get; init; }

    /// <summary>QEMU, whose quota and limit on file sizes count as well; null where it is not known.</summary>
    internal VmProcess? Process { get; init; }

    /// <inheritdoc/>
    public override string Describe() => $"test $(df --output=avail -B1 {Path} | tail -n 1) -ge {Bytes}";
}

/// <summary>Makes sure that an export of this backup can be read where somebody else's NBD server is said to listen.</summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="Uri">The export's URI.</param>
/// <param name="Server">The process that must listen there; null where this cannot be told.</param>
internal sealed record RequireExportStep(string Purpose, NbdUri Uri, int? Server) : PlanStep(Purpose)
{
    /// <inheritdoc/>
    public override string Describe() => $"nbdinfo '{Uri}'";
}

/// <summary>Waits until a job has concluded.</summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="JobId">The job.</param>
public sealed record AwaitJobStep(string Purpose, string JobId) : PlanStep(Purpose)
{
    /// <summary>What it means if the job ends with an error; null where it may end as it likes, as a cancelled one does.</summary>
    public string? FailureMeans { get; init; }

    /// <inheritdoc/>
    public override string Describe() => $"wait until query-jobs shows {JobId} concluded or gone";
}

/// <summary>Waits until an export is really gone: until then its bitmap is busy and its node in use.</summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="ExportId">The export.</param>
public sealed record AwaitExportGoneStep(string Purpose, string ExportId) : PlanStep(Purpose)
{
    /// <inheritdoc/>
    public override string Describe() => $"wait for BLOCK_EXPORT_DELETED of {ExportId}, or until query-block-exports no longer lists it";
}
