using System.Collections.Immutable;

namespace QmpBackup.Model;

/// <summary>
/// The parts of a backup that are in a VM, found by their names alone. The note adds what names cannot carry; nothing here depends on it.
/// </summary>
internal sealed record OpenBackup
{
    /// <summary>The note, if it is there and can be read.</summary>
    public SessionNote? Note { get; init; }

    /// <summary>Whether the mark of an open backup is there, readable or not.</summary>
    public bool HasNote { get; init; }

    /// <summary>Our exports.</summary>
    public ImmutableArray<VmExport> Exports { get; init; } = [];

    /// <summary>Our jobs, of scratch images that are being made too.</summary>
    public ImmutableArray<VmJob> Jobs { get; init; } = [];

    /// <summary>Our nodes that were added by command, those that use others first: the order in which they can be removed.</summary>
    public ImmutableArray<BlockNode> Nodes { get; init; } = [];

    /// <summary>Paths of scratch images, in the file system that QEMU sees.</summary>
    public ImmutableArray<string> ScratchFiles { get; init; } = [];

    /// <summary>The scratch folder on this host; null where there is none, and over TCP, where nothing on this host is touched.</summary>
    public string? ScratchFolder { get; init; }

    /// <summary>The bitmaps of points that are not yet known to be safe, with the node that they are on.</summary>
    public ImmutableArray<(BlockNode Node, ChainBitmap Bitmap)> OpenBitmaps { get; init; } = [];

    /// <summary>The same on nodes that cannot be written, such as those below a snapshot: QEMU refuses to change their bitmaps.</summary>
    public ImmutableArray<(BlockNode Node, ChainBitmap Bitmap)> OutOfReach { get; init; } = [];

    /// <summary>Whether other programs have NBD exports.</summary>
    public bool HasForeignNbdExports { get; init; }

    /// <summary>The checkpoint that is being taken; null if only parts without a checkpoint are left.</summary>
    public CheckpointId? Checkpoint { get; init; }

    /// <summary>The names of the session of <see cref="Checkpoint"/>; null where that is.</summary>
    public SessionNames? Names => Checkpoint is { } id ? new SessionNames(id) : null;

    /// <summary>The chain; null where nothing says it.</summary>
    public ChainName? Chain { get; init; }

    /// <summary>Whether a backup is open: more of it is in QEMU than bitmaps, which outlive a restart.</summary>
    public bool IsOpen => HasNote || !Exports.IsEmpty || !Jobs.IsEmpty || !Nodes.IsEmpty;

    /// <summary>Whether bitmaps tell of a backup that a restart of QEMU interrupted.</summary>
    public bool IsInterrupted => !IsOpen && !OpenBitmaps.IsEmpty;

    /// <summary>The tags of all that is found: a scratch folder with one of them is in use, or goes with what is found.</summary>
    internal ImmutableHashSet<string> Tags { get; init; } = [];

    /// <summary>How far it is.</summary>
    public SessionPhase Phase => Note?.Phase ?? (Jobs.IsEmpty ? SessionPhase.Starting : SessionPhase.Open);

    /// <summary>Looks for what is ours.</summary>
    /// <param name="state">The VM.</param>
    public static OpenBackup Find(VmState state)
    {
        var nodes = state.Nodes.Where(n => SessionNames.IsOurs(n.Name)).ToImmutableArray();
        var files = nodes.Where(n => n.Driver == "file" && IsScratchOf(n)).Select(n => n.FileName)
            .Concat(state.Note?.Disks.Select(d => d.Scratch) ?? [])
            .Distinct().ToImmutableArray();
        var bitmaps = state.Nodes.SelectMany(
            n => ChainOnDisk.AllOf(n).Where(b => b.Name.IsOpen).Select(b => (Node: n, Bitmap: b))).ToImmutableArray();
        var checkpoints = bitmaps.Select(b => b.Bitmap.Checkpoint.Tag).Append(state.Note?.Checkpoint.Tag ?? "");
        var ids = state.Exports.Select(e => e.Id).Concat(state.Jobs.Select(j => j.Id)).Concat(nodes.Select(n => n.Name))
            .Where(SessionNames.IsOurs)
            .Select(id => id.Substring("qb-".Length, CheckpointId.TagLength)).ToImmutableHashSet();
        var newest = bitmaps.OrderBy(b => b.Bitmap.Checkpoint).LastOrDefault().Bitmap?.Name;

        return new OpenBackup
        {
            Note = state.Note,
            HasNote = state.HasNote,
            Exports = [.. state.Exports.Where(e => SessionNames.IsOurs(e.Id))],
            Jobs = [.. state.Jobs.Where(j => SessionNames.IsOurs(j.Id))],
            // A file node belongs to the node above it, and the filter to its job: neither can be removed by command.
            Nodes = [.. nodes.Where(n => n.Driver is not ("file" or "copy-before-write"))],
            ScratchFiles = files,
            ScratchFolder = state.Process is null
                ? null : state.Note is { } note ? note.ScratchFolder : FolderOf(files) ?? FolderOf(state, ids),
            OpenBitmaps = [.. bitmaps.Where(b => !b.Node.IsReadOnly)],
            OutOfReach = [.. bitmaps.Where(b => b.Node.IsReadOnly)],
            Tags = [.. checkpoints, .. ids],
            HasForeignNbdExports = state.Exports.Any(e => e.Type == "nbd" && !SessionNames.IsOurs(e.Id)),
            Checkpoint = state.Note?.Checkpoint ?? newest?.Checkpoint,
            Chain = state.Note?.Chain ?? newest?.Chain,
        };
    }

    // The name of the node says which file it must be: QEMU may tell anything.
    private static bool IsScratchOf(BlockNode node) => SessionNames.TryParse(node.Name, out var tag, out var disk)
        && node.FileName is ['/', ..] && Path.GetFileName(node.FileName) == new SessionNames(tag).Disk(disk).ScratchFile;

    private static string? FolderOf(ImmutableArray<string> files) => files
        .Select(file => (Folder: Path.GetDirectoryName(file), File: Path.GetFileName(file)))
        .FirstOrDefault(f => SessionNames.IsOurDirectory(Path.GetFileName(f.Folder) ?? "") && f.File.StartsWith(Path.GetFileName(f.Folder)!,
            StringComparison.Ordinal)).Folder;

    // Without the note, and before there is a node, the folder's own name and mark tell.
    private static string? FolderOf(VmState state, ImmutableHashSet<string> tags) =>
        state.ScratchFolders.FirstOrDefault(f => tags.Contains(f.Tag) && f.Mark?.IsOf(state) != false)?.Path;
}
