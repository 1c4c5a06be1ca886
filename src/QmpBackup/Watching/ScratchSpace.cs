using QmpBackup.Naming;
using QmpBackup.Sessions;

namespace QmpBackup.Watching;

/// <summary>The room that the scratch images have on this host.</summary>
internal sealed class ScratchSpace
{
    private const long MostReserved = 1L << 30;
    private readonly DriveInfo _drive;

    private ScratchSpace(DriveInfo drive, long? reserve)
    {
        _drive = drive;
        Reserve = reserve ?? Math.Min((Free ?? 0) / 2, MostReserved);
    }

    /// <summary>How much must stay free, in bytes.</summary>
    public long Reserve { get; }

    /// <summary>How much is free, in bytes; null once the folder is gone, because somebody has closed the backup.</summary>
    public long? Free
    {
        get
        {
            try
            {
                return _drive.AvailableFreeSpace;
            }
            catch (IOException)
            {
                return null;
            }
        }
    }

    /// <summary>Whether the images may grow on: not where it cannot be seen, and not for so little that the guest writes it in no time.</summary>
    public bool HasRoom => Free is { } free && free - Reserve > Reserve / 16;

    /// <summary>The space of a session's scratch images; null where this host does not see them.</summary>
    public static ScratchSpace? Of(SessionNote note, long? reserve)
    {
        var file = note.Disks.Select(d => d.Scratch).FirstOrDefault(path => SessionNames.IsOurFile(Path.GetFileName(path)) && File.Exists(path));
        return file is null ? null : new ScratchSpace(new DriveInfo(Path.GetDirectoryName(file)!), reserve);
    }

    /// <summary>How far each of so many images may grow before the reserve is touched, in bytes.</summary>
    public long RoomFor(int images) => Math.Max(0, (Free ?? 0) - Reserve) / images;
}
