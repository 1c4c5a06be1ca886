using QmpBackup.Host;

namespace QmpBackup;

/// <summary>
/// The room that the scratch images have on this host: the least of what the file system, quotas and QEMU's limit on file sizes leave.
/// </summary>
internal sealed class ScratchSpace
{
    private const long MostReserved = 1L << 30;
    private readonly StorageRoom _room;
    private readonly string[] _growing;

    private ScratchSpace(string directory, string[] growing, VmProcess? process, long? reserve)
    {
        _room = new StorageRoom(directory, process);
        _growing = growing;
        Reserve = reserve ?? Math.Min((Free ?? 0) / 2, MostReserved);
    }

    /// <summary>How much must stay free, in bytes.</summary>
    public long Reserve { get; }

    /// <summary>How much is free, in bytes; null if the folder is gone, because the backup was closed.</summary>
    public long? Free => Look()?.Bytes;

    /// <summary>
    /// Whether the images may grow further. False if the free space is not visible, or so small that the guest fills it at once.
    /// </summary>
    public bool HasRoom => Free is { } free && free - Reserve > Reserve / 16;

    /// <summary>The space of a session's scratch images; null where this host does not see them.</summary>
    public static ScratchSpace? Of(SessionNote note, VmProcess? process, long? reserve)
    {
        string[] files =
            [.. note.Disks.Select(d => d.Scratch).Where(path => SessionNames.IsOurFile(Path.GetFileName(path)) && File.Exists(path))];
        // An overlay's file grows; that of a snapshot-access node has the disk's size from the beginning.
        return files.Length == 0 ? null
            : new ScratchSpace(Path.GetDirectoryName(files[0])!, note.Fleecing == Fleecing.Overlay ? files : [], process, reserve);
    }

    /// <summary>How much is free, and what limits it; null once the folder is gone.</summary>
    public RoomLeft? Look() => _room.Look(_growing);

    /// <summary>How far each of so many images may grow before the reserve is touched, in bytes.</summary>
    public long RoomFor(int images) => Math.Max(0, (Free ?? 0) - Reserve) / images;
}
