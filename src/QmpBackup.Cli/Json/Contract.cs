using System.Collections.Immutable;
using System.Text.Json;

namespace QmpBackup.Cli.Json;

/// <summary>
/// Makes JSON documents from the library's records, member by member, so that a name that changes there does not change the JSON.
/// </summary>
internal static class Contract
{
    public static SessionDto Session(BackupSession session) => new()
    {
        Id = session.Id,
        Chain = session.Chain?.Value ?? BackupSession.NotRecorded,
        Checkpoint = session.Id,
        StartedAt = session.StartedAt.UtcDateTime,
        Phase = session.Phase switch
        {
            SessionPhase.Starting => "starting",
            SessionPhase.Open => "open",
            SessionPhase.Finishing => "finishing",
            _ => Unknown(session.Phase),
        },
        Fleecing = Word(session.Fleecing),
        FrozenMilliseconds = session.FrozenMilliseconds,
        Nbd = Address(session),
        Disks = [.. session.Disks.Select(Disk)],
    };

    public static string Address(BackupSession session) => session.Nbd?.ToString() ?? "(not recorded)";

    public static StatusDocument Status(VmStatus status) => new(
        status.Session is { } session ? Session(session) : null, status.Problem, status.Interrupted?.Value,
            [.. status.Chains.Select(Chain)])
    {
        Remarks = [.. status.Remarks.Select(AdviceText.Of)],
    };

    public static ClosedSessionDto Closed(BackupSession session) =>
        new(session.Id, session.Chain?.Value ?? BackupSession.NotRecorded, session.StartedAt.UtcDateTime);

    public static ChainDto Chain(ChainStatus chain) =>
        new(chain.Name.Value, [.. chain.Checkpoints.Select(c => new CheckpointDto(c.Id.Value, c.Disks, Word(c.State)))]);

    public static BitmapDto Bitmap(DirtyBitmap bitmap) => new(
        bitmap.Name ?? "", bitmap.Granularity, bitmap.Count, bitmap.IsRecording, bitmap.IsBusy, bitmap.IsPersistent, bitmap.IsInconsistent);

    public static BitmapListDocument Bitmaps(IEnumerable<PlacedBitmap> bitmaps) =>
        new([.. bitmaps.Select(b => Bitmap(b.Place, b.Bitmap!))]);

    public static BitmapChangeDocument Changed(BitmapRequest request, PlacedBitmap after) => new(Word(request.Action),
        after.Place.Disk?.Name, after.Place.Node.Name, request.Bitmap, after.Bitmap is { } bitmap ? Bitmap(bitmap) : null);

    private static DiskBitmapDto Bitmap(BitmapPlace place, DirtyBitmap bitmap) => new(
        place.Disk?.Name, place.Node.Name, bitmap.Name!, bitmap.Granularity, bitmap.Count, bitmap.IsRecording, bitmap.IsBusy,
        bitmap.IsPersistent, bitmap.IsInconsistent);

    public static InspectDocument Inspect(VmInspection inspection) => new(
        new VmDto(inspection.Vm.Name, inspection.Vm.Uuid, inspection.Vm.Version.ToString(), inspection.Vm.RunState),
        inspection.Status.Session?.Id,
        inspection.Status.Interrupted?.Value,
        inspection.Chain.Value,
        [.. inspection.Disks.Select(Disk)])
    {
        Remarks = inspection.Remarks,
    };

    public static PlanDto Plan(BackupPlan plan) => new(
        Word(plan.Action),
        plan.Summary,
        plan.Remarks,
        [.. plan.Disks.Select(d =>
            new PlanDiskDto(d.Disk.Name, d.Disk.Node.Name, d.Disk.Device, d.Disk.Size, Word(d.Level), d.Reason, d.Parent?.Value))],
        [.. plan.Steps.Select(Step)]);

    public static string Word(BackupLevel level) => level switch
    {
        BackupLevel.Full => "full",
        BackupLevel.Incremental => "incremental",
        BackupLevel.Copy => "copy",
        _ => Unknown(level),
    };

    public static string Word(Fleecing fleecing) => fleecing switch
    {
        QmpBackup.Fleecing.Overlay => "overlay",
        QmpBackup.Fleecing.SnapshotAccess => "snapshot-access",
        _ => Unknown(fleecing),
    };

    public static string Word(CheckpointState state) => state switch
    {
        CheckpointState.Recording => "recording",
        CheckpointState.Disabled => "disabled",
        CheckpointState.Inconsistent => "inconsistent",
        _ => Unknown(state),
    };

    public static string Word(PlanAction action) => action switch
    {
        PlanAction.Start => "start",
        PlanAction.Finish => "finish",
        PlanAction.Abort => "abort",
        PlanAction.Bitmap => "bitmap",
        _ => Unknown(action),
    };

    public static string Word(BitmapAction action) => action switch
    {
        BitmapAction.Add => "add",
        BitmapAction.Remove => "remove",
        BitmapAction.Clear => "clear",
        BitmapAction.Enable => "enable",
        BitmapAction.Disable => "disable",
        BitmapAction.Merge => "merge",
        _ => Unknown(action),
    };

    /// <summary>
    /// What a step does: <c>qmp</c> sends a command, <c>agent</c> asks the guest agent, <c>wait</c> only waits, <c>host</c> does
    /// something on this host.
    /// </summary>
    public static string Kind(PlanStep step) => step switch
    {
        CommandStep => "qmp",
        PrepareFreezeStep or FreezeStep or ThawStep => "agent",
        AwaitJobStep or AwaitExportGoneStep or SendAheadStep => "wait",
        _ => "host",
    };

    private static SessionDiskDto Disk(SessionDisk disk) => new()
    {
        Name = disk.Name,
        Node = disk.Node,
        Device = disk.Device,
        Size = disk.Size,
        Level = Word(disk.Level),
        Reason = disk.Reason,
        Parent = disk.Parent?.Value,
        Export = disk.Export,
        Uri = disk.Uri?.ToString() ?? "",
        Bitmap = disk.Bitmap,
        MetaContext = disk.MetaContext,
        DirtyBytes = disk.DirtyBytes,
        Granularity = disk.Granularity,
    };

    private static InspectDiskDto Disk(DiskInspection inspection) => new()
    {
        Name = inspection.Disk.Name,
        Node = inspection.Disk.Node.Name,
        Device = inspection.Disk.Device,
        Drive = inspection.Disk.Drive,
        Size = inspection.Disk.Size,
        Format = inspection.Disk.Node.Driver,
        ReadOnly = inspection.Disk.IsReadOnly,
        PersistentBitmaps = inspection.Disk.CanPersistBitmaps,
        Included = inspection.IsIncluded,
        Level = inspection.Level is { } level ? Word(level) : null,
        Reason = inspection.Reason,
        Parent = inspection.Parent?.Value,
        Bitmaps = [.. inspection.Disk.Bitmaps.Where(b => b.Name is not null).Select(Bitmap)],
    };

    private static PlanStepDto Step(PlanStep step, int index) => new()
    {
        Number = index + 1,
        Purpose = step.Purpose,
        Kind = Kind(step),
        Command = Command(step),
        Action = step.Describe(),
        CommitPoint = step.IsCommitPoint,
        Undo = [.. Undo(step.Undo)],
    };

    private static ImmutableArray<PlanUndoDto> Undo(ImmutableArray<PlanStep> steps) =>
        [.. steps.Select(s => new PlanUndoDto(s.Purpose, Kind(s), Command(s), s.Describe()))];

    private static JsonElement? Command(PlanStep step)
    {
        if (step is not CommandStep { Request: var request })
            return null;
        using var document = JsonDocument.Parse(request.ToJson());
        return document.RootElement.Clone();
    }

    private static string Unknown<T>(T value) where T : struct, Enum =>
        throw new InvalidOperationException($"The contract has no word for {value}.");
}
