using QmpBackup.Cli.Errors;
using QmpBackup.Cli.Rendering;

namespace QmpBackup.Cli.Commands.Bitmaps;

/// <summary>The node whose bitmaps are meant, and checks made before QEMU is asked: its own refusals are hard to tell apart.</summary>
/// <param name="Disk">The disk; null for a node that is none.</param>
/// <param name="Node">The node.</param>
internal sealed record BitmapTarget(VmDisk? Disk, BlockNode Node)
{
    /// <summary>What it is called in messages.</summary>
    public string Name => Disk is null ? $"node {Node.Name}" : $"disk {Disk.Name}";

    /// <exception cref="BackupException">There is no such disk or node, or it was not said which.</exception>
    public static BitmapTarget Find(VmState state, string? name)
    {
        if (name is not null)
        {
            if (DiskLookup.TryFind(state, name) is { } disk)
                return new BitmapTarget(disk, disk.Node);
            return state.FindNode(name) is { } node ? new BitmapTarget(null, node) : throw DiskLookup.NotFound(state, name);
        }

        var writable = state.Disks.Where(d => !d.IsReadOnly).ToList();
        return writable switch
        {
            [var only] => new BitmapTarget(only, only.Node),
            [] => throw new BackupException(
                BackupErrorCode.InvalidArgument, "This VM has no disk that the guest can write.", "'qbackup inspect' shows what it has."),
            _ => throw new BackupException(BackupErrorCode.InvalidArgument, "This VM has more than one disk, and it was not said which.",
                $"Name one with --disk: {string.Join(", ", writable.Select(d => d.Name))}."),
        };
    }

    /// <exception cref="BackupException">There is no such bitmap.</exception>
    public DirtyBitmap Require(string bitmap) => Node.FindBitmap(bitmap) ?? throw new BackupException(
        BackupErrorCode.InvalidArgument, $"There is no bitmap '{bitmap}' on {Name}.",
        Node.Bitmaps.Any(b => b.Name is not null) ? $"It has: {string.Join(", ", Node.Bitmaps.Select(b => b.Name).OfType<string>())}."
            : "It has no bitmap; 'qbackup bitmap list' shows those of other disks.");

    /// <exception cref="BackupException">The bitmap is in use.</exception>
    public void RequireFree(DirtyBitmap bitmap)
    {
        if (bitmap.IsBusy)
        {
            throw new BackupException(BackupErrorCode.Busy, $"Bitmap '{bitmap.Name}' on {Name} is in use by an export or a job.",
                "'qbackup status' shows an open backup; 'qbackup qmp query-block-exports' and 'qbackup qmp query-jobs' show all that "
                    + "runs.");
        }
    }

    /// <exception cref="BackupException">The bitmap is damaged.</exception>
    public void RequireSound(DirtyBitmap bitmap)
    {
        if (bitmap.IsInconsistent)
        {
            throw new BackupException(BackupErrorCode.InvalidArgument,
                $"Bitmap '{bitmap.Name}' on {Name} is inconsistent: QEMU was not shut down cleanly, and what it recorded is lost.",
                "It can only be removed.");
        }
    }

    /// <exception cref="BackupException">The node cannot be written.</exception>
    public void RequireWritable(string what)
    {
        if (Node.IsReadOnly)
        {
            throw new BackupException(BackupErrorCode.InvalidArgument,
                $"{char.ToUpperInvariant(Name[0])}{Name[1..]} is read-only: {what}.");
        }
    }

    /// <exception cref="UsageException">It is one of qbackup's own, and nobody said that this is meant.</exception>
    public static void RequireForce(string bitmap, bool force, string consequence)
    {
        if (CheckpointBitmapName.IsReserved(bitmap) && !force)
            throw new UsageException($"'{bitmap}' is a bitmap of qbackup's own: {consequence}.", "Give --force if that is what you want.");
    }
}
