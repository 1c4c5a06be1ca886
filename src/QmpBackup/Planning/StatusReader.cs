using System.Collections.Immutable;
using QmpBackup.Model;
using QmpBackup.Nbd;

namespace QmpBackup.Planning;

/// <summary>Finds the open backup and the chains in the state of a VM.</summary>
internal static class StatusReader
{
    /// <summary>Finds them.</summary>
    /// <param name="state">The VM.</param>
    public static VmStatus Read(VmState state)
    {
        var open = OpenBackup.Find(state);
        return new VmStatus
        {
            Session = !open.IsOpen ? null : open.Note is { } note ? OfNote(state, note) : OfTraces(state, open),
            Problem = open is { IsOpen: true, Phase: SessionPhase.Open } ? FinishPlanner.FindLoss(state, open)?.Message : null,
            Remarks = Circumstances.Describe(state, open),
            Interrupted = open.IsInterrupted ? open.Checkpoint : null,
            Chains = Chains(state),
        };
    }

    /// <summary>The open backup that a note tells of.</summary>
    /// <param name="state">The VM.</param>
    /// <param name="note">The note.</param>
    public static BackupSession OfNote(VmState state, SessionNote note) => new()
    {
        Chain = note.Chain,
        Checkpoint = note.Checkpoint,
        StartedAt = note.StartedAt,
        Phase = note.Phase,
        Fleecing = note.Fleecing,
        FrozenMilliseconds = note.FrozenMilliseconds,
        Nbd = note.Nbd,
        Disks = [.. note.Disks.Select(disk => OfNote(state, note, disk))],
    };

    private static SessionDisk OfNote(VmState state, SessionNote note, SessionNoteDisk disk)
    {
        var bitmap = state.FindNode(disk.BitmapNode ?? "")?.FindBitmap(disk.Bitmap);
        return new SessionDisk
        {
            Name = disk.Name,
            Node = disk.Node,
            Device = disk.Device,
            Size = disk.Size,
            Encryption = disk.Encryption,
            Level = disk.Level,
            Reason = disk.Reason,
            Parent = disk.Parent,
            Export = disk.Export,
            Uri = note.UriOf(disk),
            Bitmap = disk.Bitmap,
            MetaContext = disk.Bitmap is null ? null : "qemu:dirty-bitmap:" + disk.Bitmap,
            DirtyBytes = bitmap?.Count,
            Granularity = bitmap?.Granularity,
        };
    }

    // Somebody took the note away: what names tell is enough to close the backup, and little is left to show.
    private static BackupSession OfTraces(VmState state, OpenBackup open) => new()
    {
        Chain = open.Chain,
        Checkpoint = open.Checkpoint,
        StartedAt = open.Checkpoint?.Time ?? default,
        Phase = open.Phase,
        Fleecing = open.Nodes.Any(n => n.Driver == "snapshot-access") ? Fleecing.SnapshotAccess : Fleecing.Overlay,
        Nbd = open is { ScratchFolder: { } folder, Names: { } names }
            ? NbdEndpoint.Unix(Path.Combine(folder, names.Socket))
            : null,
        Disks =
        [
            .. open.OpenBitmaps.Select(b => new SessionDisk
            {
                Name = state.Disks.FirstOrDefault(d => d.Node.Name == b.Node.Name)?.Name ?? b.Node.Name,
                Node = b.Node.Name,
                Size = b.Node.Size,
                Level = BackupLevel.Full,
                Reason = BackupSession.NotRecorded,
                Export = BackupSession.NotRecorded,
                Uri = null,
            }),
        ],
    };

    private static ImmutableArray<ChainStatus> Chains(VmState state)
    {
        var all = from node in state.Nodes
                  let disk = state.Disks.FirstOrDefault(d => d.Node.Name == node.Name)
                  from bitmap in ChainOnDisk.AllOf(node)
                  where !bitmap.Name.IsOpen
                  select (Disk: disk?.Name ?? node.Name, Bitmap: bitmap);
        return
        [
            .. from entry in all
               group entry by entry.Bitmap.Name.Chain into chain
               orderby chain.Key
               select new ChainStatus(chain.Key,
               [
                   .. CheckpointOrder.InOrder(chain.GroupBy(e => e.Bitmap.Checkpoint), c => c.Key, c => c.First().Bitmap.Name.Predecessor)
                       .Select(c => new CheckpointStatus(c.Key, [.. c.Select(e => e.Disk).Distinct()], StateOf(c.Select(e => e.Bitmap)))),
               ]),
        ];
    }

    private static CheckpointState StateOf(IEnumerable<ChainBitmap> bitmaps) => bitmaps.Max(b =>
        b.Bitmap.IsInconsistent ? CheckpointState.Inconsistent
        : b.Bitmap.IsRecording ? CheckpointState.Recording : CheckpointState.Disabled);
}
