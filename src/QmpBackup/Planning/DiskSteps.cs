using System.Collections.Immutable;
using QmpBackup.Model;
using QmpBackup.Qmp.Qapi;

namespace QmpBackup.Planning;

/// <summary>The part of a start plan that is about one disk.</summary>
internal sealed class DiskSteps(VmState state, StartRequest request, DiskChoice choice, SessionNote session, int index)
{
    private readonly BlockNode _node = choice.Disk.Node;
    private readonly SessionNoteDisk _note = session.Disks[index];
    private readonly DiskNames _names = session.Names.Disk(index);
    private readonly bool _overlay = session.Fleecing == Fleecing.Overlay;
    private readonly CheckpointBitmapName _new = new(
        request.Chain, request.Point, IsOpen: true, choice.Old?.Checkpoint, DiskTag.Of(choice.Disk));

    private bool TouchesChain => choice.Level != BackupLevel.Copy;

    private string Impossible => $"QEMU could not make the scratch image {_note.Scratch}";

    /// <summary>The scratch images of all disks. QEMU makes them side by side: each job of it waits for the storage.</summary>
    public static IEnumerable<PlanStep> Scratch(ImmutableArray<DiskSteps> disks) =>
    [
        .. disks.Select(d => d.CreateFile()),
        .. disks.SelectMany(d => Steps.Conclude(d._names.CreateFileJob, d.Impossible)),
        .. disks.Where(d => d._overlay).Select(d => d.Format()),
        .. disks.Where(d => d._overlay).SelectMany(d => Steps.Conclude(d._names.FormatJob, d.Impossible)),
        .. disks.Select(d => d.AddScratch()),
    ];

    private PlanStep CreateFile() => Steps.CreateFile(
        $"Have QEMU make the scratch image of disk {_note.Name}: what the guest overwrites is kept there.",
        _names.CreateFileJob, _note.Scratch, _overlay ? 0 : _note.Size) with
    {
        Undo = [.. Steps.EndOf(_names.CreateFileJob),
            .. Steps.RemoveScratchFile(state.Process, session.ScratchFolder, _note.Scratch, index)],
    };

    private PlanStep Format() => Steps.FormatOverlay(
        $"Format that of disk {_note.Name} as an empty overlay of exactly the disk's size.", _names.FormatJob, _note.Scratch, _note.Size);

    private PlanStep AddScratch() => (_overlay
        ? Steps.AddOverlay($"Put it over disk {_note.Name}: what is not in it is read from the disk.", _names.Overlay,
            _names.OverlayFile, _note.Scratch, _node.Name)
        : Steps.AddScratch($"Add that of disk {_note.Name} as a node.", _names.Overlay, _names.OverlayFile, _note.Scratch)) with
    {
        Undo = [Steps.RemoveNode("Remove the scratch node.", _names.Overlay)],
    };

    public IEnumerable<TransactionAction> AddNew() => !TouchesChain ? []
        : [Steps.Add(_node, _new.ToString(), choice.Disk.CanPersistBitmaps),
            Steps.Add(_node, _new.Twin.ToString(), choice.Disk.CanPersistBitmaps)];

    /// <summary>
    /// To come behind the backup action, which holds the disk still: what was written between the two adds is in one of them alone.
    /// </summary>
    public IEnumerable<TransactionAction> LevelTwin() => TouchesChain ? [Steps.Merge(_node, _new.Twin.ToString(), _new.ToString())] : [];

    public TransactionAction Backup() => Steps.Backup(_node, _names.Overlay, _names.Job, _names.Filter,
        breakSnapshot: !_overlay && state.Features.BackupHasOnCbwError);

    public IEnumerable<TransactionAction> DisableOld() => choice.Old is { } old && TouchesChain ? [Steps.Disable(_node, old.QemuName)] : [];

    public IEnumerable<PlanStep> EndJob() =>
    [
        Steps.CancelJob(_names.Job),
        new AwaitJobStep("Wait until it no longer uses its nodes.", _names.Job),
        Steps.DismissJob(_names.Job),
    ];

    public IEnumerable<TransactionAction> RollBack()
    {
        if (!TouchesChain)
            return [];
        TransactionAction[] give = choice.Old is { } old
            ? [Steps.Enable(_node, old.QemuName), Steps.Merge(_node, old.QemuName, _new.ToString())] : [];
        return [.. give, Steps.Remove(_node, _new.ToString()), Steps.Remove(_node, _new.Twin.ToString())];
    }

    public IEnumerable<PlanStep> Export()
    {
        if (!_overlay)
        {
            yield return Steps.AddSnapshotAccess(
                $"Open a view of disk {_note.Name} as it was at the point in time.", _names.Access, _names.Filter) with
            {
                Undo = [Steps.RemoveNode("Remove the view.", _names.Access)],
            };
        }

        if (choice.Changed.Length > 1)
        {
            yield return Steps.AddMerged("Make a bitmap for everything since the parent. It is on the scratch node and goes with it.",
                _names.Overlay, session.Names.MergedBitmap);
            yield return Steps.MergeInto(
                "Merge the kept sequence into it.", _names.Overlay, session.Names.MergedBitmap, _node.Name, choice.Changed);
        }

        ImmutableArray<PlanStep> undo = [.. Steps.RemoveExport(_names.Export)];
        yield return Steps.AddExport(
            $"Export disk {_note.Name} as it was at the point in time{(_note.Bitmap is null ? "" : ", with the map of what changed")}.",
            state.Features, _names.Export, _overlay ? _names.Overlay : _names.Access, _note) with
        {
            Undo = undo,
        };
    }
}
