namespace QmpBackup.Model;

/// <summary>
/// Whether a note can be one that qbackup wrote. It comes back from QEMU, which may be hostile: a note must not name what belongs to
/// another backup, or to none. So every path in it must be made of the names of its own checkpoint.
/// </summary>
internal static class NoteCheck
{
    // The number in such a name has four digits at most.
    private const int MostDisks = 9999;

    // QEMU's own limit on export names; node names and device ids are shorter.
    private const int LongestName = 4096;

    /// <summary>Whether it can be.</summary>
    /// <param name="note">The note, as it was read.</param>
    public static bool IsPlausible(SessionNote note)
    {
        if (note.Version != 1)
            return false;
        if (!Enum.IsDefined(note.Phase) || !Enum.IsDefined(note.Fleecing) || note.FrozenMilliseconds is { } frozen && !(
            frozen is >= 0 and < 1e9))
        {
            return false;
        }

        if (note.Nbd.SocketPath is { } socket && !IsPath(socket))
            return false;
        var names = note.Names;
        if (note.ScratchFolder is { } folder && (!IsPath(folder) || Path.GetFileName(folder) != names.Directory))
            return false;
        if (note.Disks.IsDefaultOrEmpty || note.Disks.Length > MostDisks)
            return false;
        var directory = note.ScratchFolder ?? Path.GetDirectoryName(note.Disks[0]?.Scratch);
        return note.Disks.Select((disk, i) => IsPlausible(disk, names, i, directory) && disk.Export == (
            note.SharesServer ? names.Disk(i).Export : disk.Name)).All(static isPlausible => isPlausible)
            && note.Disks.Select(d => d.Name).Distinct().Count() == note.Disks.Length
            && note.Disks.Select(d => d.Node).Distinct().Count() == note.Disks.Length;
    }

    private static bool IsPlausible(SessionNoteDisk? disk, SessionNames names, int index, string? directory) =>
        disk is not null && IsName(disk.Name) && IsName(disk.Node) && disk.Size >= 0 && disk.Reason is not null
        && (disk.Top is null || IsName(disk.Top)) && (disk.Encryption is null || IsName(disk.Encryption)) && disk.FailedWrites is not < 0
        && Enum.IsDefined(disk.Level)
        && (disk.Parent is null == (disk.Level != BackupLevel.Incremental))
        && (disk.Bitmap is null ? disk.BitmapNode is null
            : disk.BitmapNode == disk.Node ? CheckpointBitmapName.TryParse(disk.Bitmap, out _)
            : disk.BitmapNode == names.Disk(index).Overlay && disk.Bitmap == names.MergedBitmap)
        && IsPath(disk.Scratch)
            && Path.GetFileName(disk.Scratch) == names.Disk(index).ScratchFile && Path.GetDirectoryName(disk.Scratch) == directory;

    private static bool IsName(string? name) => name is { Length: > 0 and <= LongestName };

    // Absolute and with nothing in it that would lead elsewhere than it looks.
    private static bool IsPath(string? path) =>
        path is ['/', ..] && path.Length <= LongestName
            && !path.Contains('\0', StringComparison.Ordinal) && path[1..].Split('/').All(part => part is not ("" or "." or ".."));
}
