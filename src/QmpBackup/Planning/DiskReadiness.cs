using System.Text;

namespace QmpBackup;

/// <summary>Whether QEMU can do with a disk what a backup needs, from the start to the end of finish.</summary>
public static class DiskReadiness
{
    // The limits of a qcow2 image: QCOW2_MAX_BITMAPS and QCOW2_MAX_BITMAP_DIRECTORY_SIZE.
    private const int MostBitmaps = 65535;
    private const long LargestDirectory = 1024L * MostBitmaps;

    // Fixed part of a directory entry.
    private const int EntryHeader = 24;

    // The start adds a bitmap and its twin. Finish adds another two before it takes the first ones away.
    private const int Added = 4;
    private const int LongestAdded = 1023;

    /// <summary>Refuses what QEMU would refuse, at the start or after everything was read.</summary>
    /// <param name="choice">The disk, and what is to be done with it.</param>
    /// <param name="chain">The chain.</param>
    /// <exception cref="BackupException">QEMU would refuse it (<see cref="BackupErrorCode.CommandRefused"/>).</exception>
    internal static void Require(DiskChoice choice, ChainName chain)
    {
        var disk = choice.Disk;
        if (disk.Node.IsInactive)
        {
            throw new BackupException(BackupErrorCode.CommandRefused,
                $"Disk {disk.Name} is inactive: the VM came here by a migration and has not run since, so its image still belongs to the QEMU that it came from.",
                "Let the VM run first ('cont'), or back it up where it came from.");
        }

        if (choice.Level == BackupLevel.Copy || !disk.CanPersistBitmaps)
            return;
        var stored = disk.Bitmaps.Where(b => b is { IsPersistent: true, Name: not null }).ToList();
        if (stored.Count + Added > MostBitmaps || stored.Sum(b => SizeOf(Encoding.UTF8.GetByteCount(b.Name!))) + Added * SizeOf(LongestAdded) > LargestDirectory)
        {
            throw new BackupException(BackupErrorCode.CommandRefused,
                $"The image of disk {disk.Name} holds {stored.Count} bitmaps, and has no room for the {Added} that a backup of chain {chain} needs on top: a qcow2 image stores {MostBitmaps}.",
                Advice.Of($"{Feature.ListBitmaps} shows them. Remove those that nobody needs any more."));
        }
    }

    /// <summary>What is to be said of a disk that is encrypted where it is stored.</summary>
    /// <param name="disk">The disk.</param>
    public static string Decrypted(VmDisk disk) =>
        $"Disk {disk.Name} is encrypted ({disk.Encryption}) where the VM stores it. QEMU decrypts what it reads: the backup holds the disk as plain text, and a restored image is not encrypted.";

    private static long SizeOf(int name) => (EntryHeader + name + 7) / 8 * 8;
}
