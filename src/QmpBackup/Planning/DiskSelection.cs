using System.Collections.Immutable;
using System.Text;

namespace QmpBackup.Planning;

/// <summary>Picks the disks that a backup takes, and tells which it cannot take.</summary>
internal static class DiskSelection
{
    private const string Cure = "Back it up another way, and leave it out here.";

    public static ImmutableArray<VmDisk> Pick(VmState state, ImmutableArray<string> wanted, ImmutableArray<string> excluded)
    {
        var named = wanted.Select(name => Find(state, name)).ToList();
        if (named.FirstOrDefault(d => d.IsReadOnly) is { } readOnly)
        {
            throw new BackupException(BackupErrorCode.InvalidArgument,
                $"Disk {readOnly.Name} cannot be written by the guest, so it does not change while the VM runs.",
                "Leave it out. If you need it, copy its image.");
        }

        if (named.FirstOrDefault(d => d.IsPassthrough) is { } passthrough)
        {
            throw new BackupException(BackupErrorCode.InvalidArgument,
                $"Disk {passthrough.Name} passes the guest's SCSI commands through: they would fail while a backup is open, and no "
                    + $"bitmap would know of them.",
                "Leave it out, or give it to the guest as scsi-hd.");
        }

        var without = excluded.Where(name => !state.UnseenDisks.Any(d => d.Name == name)).Select(name => Find(state, name)).ToHashSet();
        var picked = (named.Count > 0 ? state.Disks.Where(named.Contains) : state.Disks.Where(IsTaken)).Where(
            d => !without.Contains(d)).ToImmutableArray();
        return picked.IsEmpty
            ? throw new BackupException(BackupErrorCode.InvalidArgument,
                !state.Disks.IsEmpty ? "No disk is left to back up: all are read-only, CD-ROMs, passed through or excluded."
                : state.UnseenDisks.IsEmpty ? "This VM has no disk."
                    : $"This VM has no disk that QEMU sees. {string.Join(" ", state.UnseenDisks.Select(d => d.Remark))}",
                Advice.Of($"{Feature.Inspect} shows what the VM has."))
            : picked;
    }

    /// <summary>
    /// A sentence for each disk that cannot be backed up and that the user has not left out.
    /// </summary>
    /// <param name="state">The VM.</param>
    /// <param name="wanted">The disks that were named: all others are left out by choice.</param>
    /// <param name="excluded">The disks that were excluded.</param>
    public static ImmutableArray<string> Missed(VmState state, ImmutableArray<string> wanted, ImmutableArray<string> excluded) =>
        !wanted.IsEmpty ? [] :
    [
        .. state.UnseenDisks.Where(d => !excluded.Contains(d.Name)).Select(d => d.Remark),
        .. state.Disks.Where(d => d.IsPassthrough && !excluded.Any(d.IsCalled)).Select(d =>
            $"Disk {d.Name} is not backed up: the guest's SCSI commands are passed through, and would fail while a backup is open."),
    ];

    /// <summary>Refuses a backup without disks that the user has not left out.</summary>
    /// <exception cref="BackupException">There is a disk that cannot be backed up (<see cref="BackupErrorCode.BackupFailed"/>).</exception>
    public static void RequireAll(ImmutableArray<string> missed)
    {
        if (!missed.IsEmpty)
        {
            throw new BackupException(BackupErrorCode.BackupFailed, string.Join(" ", missed),
                Advice.Of($"Exclude it by name ({Feature.Exclude}) if it is backed up another way, or go on without {Feature.Strict}."));
        }
    }

    private static bool IsTaken(VmDisk disk) => !disk.IsReadOnly && !disk.IsPassthrough && !disk.IsCdRom;

    /// <summary>The disk of that name, else the one that has it as another name; null if there is none.</summary>
    /// <param name="state">The VM.</param>
    /// <param name="name">Any name of a disk.</param>
    public static VmDisk? TryFind(VmState state, string name) =>
        state.Disks.FirstOrDefault(d => d.Name == name) ?? state.Disks.FirstOrDefault(d => d.IsCalled(name));

    /// <summary>The disk of that name, else the one that has it as another name.</summary>
    /// <param name="state">The VM.</param>
    /// <param name="name">Any name of a disk.</param>
    /// <exception cref="BackupException">There is no such disk, or QEMU does not see it.</exception>
    public static VmDisk Find(VmState state, string name)
    {
        var found = TryFind(state, name);
        if (found is null && state.UnseenDisks.FirstOrDefault(d => d.Name == name) is { } unseen)
        {
            throw new BackupException(
                BackupErrorCode.InvalidArgument, $"Disk {unseen.Name} ({unseen.Type}) cannot be backed up: {unseen.Reason}.", Cure);
        }

        return found ?? throw new BackupException(BackupErrorCode.InvalidArgument, $"This VM has no disk '{name}'.",
            state.Disks.IsEmpty ? "It has no disk at all." : $"It has: {string.Join(", ", state.Disks.Select(d => d.Name))}.");
    }
}

/// <summary>Checks whether QEMU can do what a backup needs with a disk, from the start to the end of finish.</summary>
internal static class DiskReadiness
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
    public static void Require(DiskChoice choice, ChainName chain)
    {
        var disk = choice.Disk;
        if (disk.Node.IsInactive)
        {
            throw new BackupException(BackupErrorCode.CommandRefused,
                $"Disk {disk.Name} is inactive: the VM came here by a migration and has not run since, so its image still belongs to the "
                    + $"QEMU that it came from.",
                "Let the VM run first ('cont'), or back it up where it came from.");
        }

        if (choice.Level == BackupLevel.Copy || !disk.CanPersistBitmaps)
            return;
        var stored = disk.Bitmaps.Where(b => b is { IsPersistent: true, Name: not null }).ToList();
        if (stored.Count + Added > MostBitmaps || stored.Sum(b => SizeOf(Encoding.UTF8.GetByteCount(b.Name!))) + Added * SizeOf(
            LongestAdded) > LargestDirectory)
        {
            throw new BackupException(BackupErrorCode.CommandRefused,
                $"The image of disk {disk.Name} holds {stored.Count} bitmaps, and has no room for the {Added} more that a backup of chain "
                    + $"{chain} needs: a qcow2 image stores at most {MostBitmaps}.",
                Advice.Of($"{Feature.ListBitmaps} shows them. Remove those that are not needed any more."));
        }
    }

    /// <summary>A sentence for the user about a disk whose image is encrypted.</summary>
    /// <param name="disk">The disk.</param>
    public static string Decrypted(VmDisk disk) =>
        $"Disk {disk.Name} is encrypted ({disk.Encryption}) where the VM stores it. QEMU decrypts what it reads: the backup holds the "
            + $"disk as plain text, and a restored image is not encrypted.";

    private static long SizeOf(int name) => (EntryHeader + name + 7) / 8 * 8;
}
